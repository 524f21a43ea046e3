"""The two bundled plugins as users meet them: discovered, bound to a route, fed by a dispatcher."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from receiver import catalogue, plugins
from receiver.backoff import listed
from receiver.dispatch import Dispatcher, Route
from receiver.inbox import Entry
from receiver.inbox.memory import MemoryInbox

ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
SECONDS = 40.0


def entry(number: int, *, source: str = "gridx", node: str = "n1") -> Entry:
    return Entry(
        id=f"id-{number}",
        source=source,
        type="appliance/online",
        key=None,
        dedup_key=None,
        dedup_window=None,
        time=NOON,
        received_at=NOON,
        node=node,
        user=None,
        raw=b'{"n": %d}' % number,
        operation="test",
        secret="test",
    )


def route(sink: str, **settings: Any) -> Route:
    return Route(
        name=sink,
        plugin=plugins.discover()[sink],
        settings=settings,
        start="beginning",
        schedule=listed([0.01, 0.01]),
    )


@asynccontextmanager
async def delivering(inbox: MemoryInbox, *routes: Route) -> AsyncIterator[Dispatcher]:
    dispatcher = Dispatcher(inbox, catalogue.load(), routes)
    running = asyncio.create_task(dispatcher.run())
    try:
        yield dispatcher
    finally:
        await dispatcher.stop(grace=1.0)
        await running


async def until(reached: Callable[[], Any]) -> None:
    async with asyncio.timeout(SECONDS):
        while not reached():  # noqa: ASYNC110 - a file and a thread ring no bell
            await asyncio.sleep(0.01)


class Target(ThreadingHTTPServer):
    """Answers with the statuses it is given, then 200, and keeps every body."""

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.statuses = list(statuses)
        self.bodies: list[Any] = []


class Answer(BaseHTTPRequestHandler):
    server: Target

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.bodies.append(json.loads(body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def target() -> Iterator[Target]:
    with Target() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def url(target: Target) -> str:
    return f"http://127.0.0.1:{target.server_port}/"


@pytest.mark.parametrize(
    ("name", "required"), [("http", ("url",)), ("sqlite", ("path",))], ids=["http", "sqlite"]
)
def test_an_installed_plugin_describes_itself(name: str, required: tuple[str, ...]) -> None:
    described = plugins.describe(plugins.discover()[name])
    assert (described.error, described.required) == (None, required)
    assert described.origin == f"receiver-{name} 0.1.0"
    assert described.settings is not None
    assert all(field.description for field in described.settings.model_fields.values())


@pytest.mark.parametrize("name", ["http", "sqlite"])
def test_the_readme_of_a_plugin_lists_its_settings(name: str) -> None:
    readme = (ROOT / "plugins" / f"receiver-{name}" / "README.md").read_text()
    table = readme.partition("## Settings\n")[2].partition("\n## ")[0]
    settings = plugins.describe(plugins.discover()[name]).settings
    assert settings is not None
    own = set(settings.model_fields) - ({"allow_private"} if name == "sqlite" else set())
    assert set(re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)) == own


async def test_http_delivers_in_order_and_tries_again_what_failed(target: Target) -> None:
    target.statuses = [503, 200, 429]
    inbox = MemoryInbox()
    async with delivering(inbox, route("http", url=url(target), body="raw", allow_private=True)):
        await inbox.append([entry(1), entry(2), entry(3)])
        await until(lambda: len(target.bodies) == 5)
    numbers = [body["n"] for body in target.bodies]
    assert numbers == [1, 1, 2, 2, 3]


async def test_what_http_is_refused_is_a_dead_letter_with_the_status(target: Target) -> None:
    target.statuses = [410]
    inbox = MemoryInbox()
    async with delivering(inbox, route("http", url=url(target), body="raw", allow_private=True)):
        await inbox.append([entry(1), entry(2)])
        await until(lambda: len(target.bodies) == 2)
    [dead] = await inbox.dead_letters()
    assert (dead.event.id, dead.failure.kind) == ("id-1", "reject")
    assert dead.failure.message == "answered 410"


async def test_sqlite_keeps_every_event_once_in_its_sources_table(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    inbox = MemoryInbox()
    async with delivering(inbox, route("sqlite", path=str(path))) as dispatcher:
        await inbox.append([entry(n, node=f"n{n % 5}") for n in range(250)])
        await inbox.append([entry(999, source="flespi")])
        await until(lambda: kept(path, "gridx") == 250 and kept(path, "flespi") == 1)
    [status] = await dispatcher.status()
    assert (status.delivered, status.failed) == (251, 0)


async def test_a_locked_file_delays_events_and_loses_none(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    inbox = MemoryInbox()
    async with delivering(inbox, route("sqlite", path=str(path))):
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            await until(path.exists)
            other.execute("BEGIN IMMEDIATE")
            await inbox.append([entry(1), entry(2, node="n2")])
            await asyncio.sleep(0.1)
            other.execute("COMMIT")
        await until(lambda: kept(path, "gridx") == 2)


def kept(path: Path, table: str) -> int:
    """How many rows a table has; 0 while there is no such table yet."""
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE name = ?", [table])
        if names.fetchone() is None:
            return 0
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
