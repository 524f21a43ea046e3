"""The management API over a real store, and somebody of every role who asks it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from steered import PASSWORD, Api, delivered

from receiver import configured
from receiver.decisions import Book, Role, Seal, User
from receiver.decisions.accounts import hashed
from receiver.inbox import Entry
from receiver.inbox.sqlite import open_store
from receiver.management.accounts import Accounts
from receiver.management.app import Ground, build
from receiver.settings.file import load

HASHED = hashed(PASSWORD)
"""Once for all tests: it takes a tenth of a second."""

CONFIG = """
[routes.archive]
sink = "console"

[endpoints.lake]
sink = "jsonl"
settings = { path = "lake.jsonl" }
"""


@pytest.fixture
def configuration() -> str:
    return CONFIG


@pytest.fixture
async def api(tmp_path: Path, configuration: str) -> AsyncIterator[Api]:
    file = tmp_path / "receiver.toml"
    file.write_text(configuration)
    found = load(file, {}, ())
    inbox = open_store(tmp_path / "inbox.db")
    seal = Seal(tmp_path, {})
    plugins = configured.plugins(found)
    ground = Ground(
        present=lambda: (found, plugins),
        catalogue=configured.catalogue(found),
        inbox=inbox,
        registry=inbox.registry,
        seal=seal,
        probe=delivered,
    )
    app = build(ground)
    book = Book(inbox.registry)
    accounts = Accounts(book, seal, inbox)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://admin") as client:
        asked = Api(client, inbox, book, accounts, app)
        people: list[tuple[str, Role, str, tuple[str, ...]]] = [
            ("root", "superadmin", "1", ()),
            ("ops", "admin", "2", ()),
            ("ann", "user", "123", ("n-ann-*", "234")),
            ("bob", "user", "456", ("n-bob",)),
        ]
        for name, role, id, nodes in people:
            user = User(
                name=name, role=role, password=HASHED, id=id, nodes=nodes, created=book.clock()
            )
            await book.put(user, who="test", action="create user")
            _, asked.tokens[name] = await accounts.grant(name, who="test")
        yield asked
    await inbox.close()


@pytest.fixture
def entry() -> Any:
    """Makes events as they are kept."""
    noon = datetime(2026, 5, 1, 12, tzinfo=UTC)

    def make(**given: Any) -> Entry:
        usual: dict[str, Any] = {
            "source": "rainmaker",
            "type": "rmaker.event.node_connected",
            "key": None,
            "dedup_key": None,
            "dedup_window": None,
            "time": noon,
            "received_at": noon,
            "node": None,
            "user": None,
            "raw": b"{}",
            "operation": "test",
            "secret": "main",
        }
        return Entry(**usual | given)

    return make
