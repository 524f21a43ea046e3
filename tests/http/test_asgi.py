"""`receiver.asgi:app`: composed from the configuration when a server asks for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp, Message

from receiver import asgi, catalogue
from receiver.errors import ConfigError
from receiver.inbox import Query
from receiver.inbox.sqlite import open_store
from receiver.keptsecrets import Kept

CONFIGURATION = """
[server]
lane = {lane}
[sources.{source}]
secrets = [{{ name = "main", value = "env:ACME_SECRET" }}]
"""


@pytest.fixture(params=["true", "false"], ids=["lane", "connexion"])
def source(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    platforms: Any,
) -> str:
    """A source of the served contract, configured with one secret."""
    found: str = platforms.operations[0].source
    text = CONFIGURATION.format(source=found, lane=request.param)
    (tmp_path / "receiver.toml").write_text(text)
    monkeypatch.setenv("RECEIVER_CONFIG", str(tmp_path / "receiver.toml"))
    monkeypatch.setenv("ACME_SECRET", "hush")
    return found


async def test_an_event_ends_in_the_configured_inbox(
    source: str, platforms: Any, make_door: Any, tmp_path: Path
) -> None:
    sender = type(platforms)(catalogue.load(), {source: Kept({"main": "hush"})})
    door = make_door(platforms=sender)
    door.app = asgi.compose()
    assert not (tmp_path / ".receiver").exists()  # nothing is opened before the first event
    assert (await door.post(sender.operations[0])).status == 200
    inbox = open_store(tmp_path / ".receiver" / "inbox.db")
    [kept] = await inbox.read(Query())
    await inbox.close()
    assert (kept.source, kept.secret) == (source, "main")
    await shut_down(door.app)


async def shut_down(app: ASGIApp) -> None:
    """Start and stop an application as a server does."""
    heard = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> Message:
        return heard.pop(0)

    async def send(message: Message) -> None:
        assert message["type"].endswith(".complete")

    await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)


def test_a_secret_that_does_not_resolve_stops_the_start(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACME_SECRET")
    with pytest.raises(ConfigError, match="ACME_SECRET"):
        asgi.app.__class__  # noqa: B018 (asking for it composes it)


def test_importing_it_composes_nothing_and_loads_no_framework() -> None:
    code = (
        "import sys, receiver.asgi, receiver.http.endpoint; print('connexion' in sys.modules, "
        "'app' in vars(receiver.asgi))"
    )
    run = [sys.executable, "-W", "error", "-c", code]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == "False False\n"
