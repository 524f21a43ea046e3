"""A stage for sinks in processes of their own: files of plugins, real stores, a real dispatcher."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from receiver import backoff
from receiver.catalogue import Catalogue, load
from receiver.dispatch import Dispatcher, Route, RouteStatus
from receiver.inbox import Entry, Inbox
from receiver.inbox.memory import MemoryInbox
from receiver.inbox.sqlite import open_store
from receiver.plugins import discover

HEAD = """
import asyncio, ctypes, os, sys, threading, time
from pathlib import Path
from pydantic import SecretStr
from receiver import Event, Reject, Retry, Sink, hookimpl

class Keeps(Sink):
    class Settings(Sink.Settings):
        folder: Path
        token: SecretStr = SecretStr("")

    def once(self, event, what="failed"):
        # Whether this is the first time, over all processes, that it is asked about the event.
        try:
            (self.settings.folder / f"{what}-{event.id}").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def keep(self, event):
        with open(self.settings.folder / f"{self.route}.txt", "a") as file:
            file.write(f"{event.id} {event.attempt} {os.getpid()}\\n")
"""

GOOD = """
class Good(Keeps):
    @hookimpl
    def on_event(self, event):
        self.keep(event)
"""


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load()


@pytest.fixture(params=["memory", "sqlite"])
async def inbox(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Inbox]:
    store: Any = (
        MemoryInbox() if request.param == "memory" else open_store(tmp_path / "store" / "inbox.db")
    )
    yield store
    await store.close()


class Stage:
    """Plugins of one file each, and their routes over one inbox."""

    def __init__(self, folder: Path, inbox: Inbox, catalogue: Catalogue) -> None:
        self.folder = folder
        self.inbox = inbox
        self.catalogue = catalogue
        self.appended = 0
        self.dispatcher: Any = None
        (folder / "sinks").mkdir()

    def route(self, name: str, code: str, **options: Any) -> Route:
        (self.folder / "sinks" / f"{name}.py").write_text(HEAD + code)
        plugin = discover(self.folder / "sinks")[name]
        settings = {"folder": str(self.folder), **options.pop("settings", {})}
        defaults = {
            "isolation": "process",
            "deadline": 5.0,
            "start": "beginning",
            "schedule": backoff.listed([0.1] * 30),
        }
        return Route(name=name, plugin=plugin, settings=settings, **{**defaults, **options})

    def good(self, **options: Any) -> Route:
        return self.route("good", GOOD, **{"isolation": "thread", **options})

    async def append(self, count: int, nodes: int = 5, raw: bytes = b"{}") -> None:
        now = datetime.now(UTC)
        numbers = range(self.appended, self.appended + count)
        self.appended += count
        await self.inbox.append(
            [
                Entry(
                    id=f"id-{number}",
                    source="gridx",
                    type="appliance/online",
                    key=None,
                    dedup_key=None,
                    dedup_window=None,
                    time=now,
                    received_at=now,
                    node=f"n{number % nodes}",
                    user=None,
                    raw=raw,
                    operation="gridx",
                    secret="main",
                )
                for number in numbers
            ]
        )

    @asynccontextmanager
    async def playing(self, *routes: Route, grace: float = 5.0) -> AsyncIterator[Dispatcher]:
        self.dispatcher = Dispatcher(self.inbox, self.catalogue, routes, random=random.random)
        running = asyncio.create_task(self.dispatcher.run())
        try:
            yield self.dispatcher
        finally:
            await self.dispatcher.stop(grace)
            await running

    async def status(self, route: str) -> RouteStatus:
        return next(each for each in await self.dispatcher.status() if each.route == route)

    def kept(self, route: str) -> list[str]:
        """The ids that a route's sink has, as often as it was given them."""
        return [line.split()[0] for line in self.lines(route)]

    def pids(self, route: str) -> set[int]:
        return {int(line.split()[2]) for line in self.lines(route)}

    def lines(self, route: str) -> list[str]:
        try:
            return (self.folder / f"{route}.txt").read_text().splitlines()
        except FileNotFoundError:
            return []

    def has_all(self, *routes: str) -> bool:
        every = {f"id-{number}" for number in range(self.appended)}
        return all(set(self.kept(route)) == every for route in routes)


@pytest.fixture
def stage(tmp_path: Path, inbox: Inbox, catalogue: Catalogue) -> Stage:
    return Stage(tmp_path, inbox, catalogue)


@pytest.fixture
def eventually() -> Callable[..., Awaitable[None]]:
    async def until(true: Callable[[], Any], seconds: float = 60.0) -> None:
        """Wait for a condition, plain or async; fail when it does not come true."""
        async with asyncio.timeout(seconds):
            while True:
                value = true()
                if asyncio.iscoroutine(value):
                    value = await value
                if value:
                    return
                await asyncio.sleep(0.01)

    return until
