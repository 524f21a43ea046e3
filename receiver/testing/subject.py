"""The sink that a suite is about, with its settings: made, called and watched.

Must not know: which promises a sink makes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distribution
from types import ModuleType
from typing import Any, NoReturn, TypeVar

import pytest

from receiver.catalogue import Catalogue
from receiver.errors import PluginError
from receiver.event import Event
from receiver.plugins import BoundSink, Plugin, bind, discover
from receiver.sink import Sink, secrets
from receiver.testing.delivery import OpenedSink, Result, delivering
from receiver.testing.sample import catalogue_of, every_event

T = TypeVar("T")
PAYLOAD = 200
"""Bytes of a payload that a message quotes."""
TICK = 0.005
"""Seconds between two looks at whether the loop goes on."""


def broken(contract: str, found: str) -> NoReturn:
    """Fail a test: what a sink promises, and what this one did."""
    said = f"The contract: {contract}\nThis sink: {found}"
    raise pytest.fail.Exception(said, pytrace=False) from None


def plugin_of(sink: str | type[Sink] | ModuleType) -> Plugin:
    """The plugin that an author named: the entry point's name, the class, or a module."""
    if isinstance(sink, str):
        known = discover()
        if sink not in known:
            broken(
                'a sink is an entry point in the group "receiver.sinks"; `receiver sinks list`'
                " shows it once its project is installed",
                f"nothing is called {sink!r}; there are {', '.join(known)} (pip install -e .)",
            )
        return known[sink]
    for plugin in discover().values():
        if _loaded(plugin) is sink:
            return plugin
    return Plugin(sink.__name__, "this test", lambda: sink)


def _loaded(plugin: Plugin) -> Any:
    try:
        return plugin.load()
    except PluginError:
        return None  # somebody else's, and broken


@dataclass(frozen=True)
class Subject:
    """A sink, its settings and the contract that its events are of."""

    plugin: Plugin
    settings: Mapping[str, Any] = field(repr=False)
    contract: str

    @property
    def catalogue(self) -> Catalogue:
        return catalogue_of(self.contract)

    @property
    def loaded(self) -> type[Sink] | ModuleType:
        """The class or the module."""
        return self.plugin.load()

    @property
    def installed(self) -> bool:
        """Whether a distribution brought it."""
        return self.plugin.address is not None and not self.plugin.from_folder

    @property
    def readme(self) -> str | None:
        """The long description of its distribution; None where it has none."""
        try:
            found = distribution(self.plugin.origin.partition(" ")[0])
        except (PackageNotFoundError, ValueError):
            return None
        text = found.metadata.json.get("description")
        return text if isinstance(text, str) and text.strip() else None

    def bound(self, settings: Mapping[str, Any] | None = None) -> BoundSink:
        """The sink of a route called `suite`, not open yet."""
        given = self.settings if settings is None else settings
        return bind(self.plugin, "suite", given, self.catalogue.hookspecs)

    def opened(
        self, settings: Mapping[str, Any] | None = None
    ) -> AbstractAsyncContextManager[OpenedSink]:
        """It, open as long as the block lasts."""
        return delivering(self.bound(settings), contract=self.contract)

    def events(self) -> list[Event[Any]]:
        """A sample of every event type that it has a hook for."""
        bound = self.bound()
        all_types = bool(bound.on_event or bound.on_batch)
        hooks = self.catalogue.contract.event_types
        return [
            event
            for event in every_event(self.contract)
            if all_types or hooks[event.source, event.type].hook in bound.hooks
        ]

    def secrets(self) -> list[str]:
        """The secrets in its settings that are long enough to be told from other text."""
        sink = self.bound().sink
        found = secrets(sink.settings) if isinstance(sink, Sink) else ()
        return [text for text in found if len(text) >= 4]

    def deliver(self, events: Sequence[Event[Any]], **how: Any) -> list[Result]:
        """Open it, hand it events, close it; fail where it does not open or close."""

        async def go() -> list[Result]:
            async with self.opened() as opened:
                return await opened.deliver(events, **how)

        try:
            return asyncio.run(go())
        except Exception as error:
            broken(
                "`open` and `close` raise nothing while its target is there",
                f"{type(error).__name__}: {error}",
            )

    def must_deliver(self, events: Sequence[Event[Any]], contract: str, **how: Any) -> None:
        """Fail unless every event is delivered."""
        failed = [result for result in self.deliver(events, **how) if not _delivered(result)]
        if failed:
            broken(contract, f"{told(failed[0])} ({len(failed)} of {len(events)} events)")

    def must_answer(self, events: Sequence[Event[Any]], contract: str) -> None:
        """Fail unless every event is delivered, or refused in the sink's own words."""
        for result in self.deliver(events):
            if result.kind in ("error", "deadline"):
                payload = result.event.raw[:PAYLOAD].decode("utf-8", "replace")
                broken(contract, f"{told(result)}; payload {payload}")


def _delivered(result: Result) -> bool:
    return result.outcome in ("delivered", "passed over")


def told(result: Result) -> str:
    """A result in one line."""
    why = ": ".join(part for part in (result.error, result.reason) if part)
    return f"{result.outcome} of {result.event!r}: {why or 'no reason'}"


def run(going: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns, on a loop of its own."""
    return asyncio.run(going)


@asynccontextmanager
async def lag() -> AsyncIterator[list[float]]:
    """The longest time, in seconds, that the loop did not go on during the block."""
    longest = [0.0]

    async def tick() -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(TICK)
            longest[0] = max(longest[0], time.monotonic() - before - TICK)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0)
    try:
        yield longest
        await asyncio.sleep(2 * TICK)
    finally:
        ticking.cancel()
        await asyncio.wait([ticking])
