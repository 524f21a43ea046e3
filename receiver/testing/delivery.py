"""Calls a sink as its route calls it, and says what the route would make of the answers.

Must not know: tests, what a sink does with its events.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from types import ModuleType
from typing import Any, Literal

from receiver.backoff import listed
from receiver.catalogue import Catalogue
from receiver.dispatch import Route
from receiver.dispatch.outcome import Dead, Delivered, Judge, Raised, is_a, seconds
from receiver.dispatch.selection import Selection, Way
from receiver.dispatch.threads import once
from receiver.errors import Retry
from receiver.event import Event
from receiver.inbox import Claim, Stored
from receiver.plugins import BoundSink, Plugin, adopt
from receiver.sink import Sink
from receiver.testing.sample import catalogue_of

DEADLINE = 10.0
"""Seconds that one call may take."""
BATCH = 100
"""Events that `on_batch` gets at once, at most; what a route's default is."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one event."""

    event: Event[Any]
    outcome: Literal["delivered", "retry", "rejected", "passed over"]
    """`passed over`: the sink has no hook for its type."""
    kind: str = ""
    """Why it was not delivered: `retry` (by the sink's own word), `reject`, `error` (it raised or
    returned what a hook may not), `deadline`."""
    error: str = ""
    """The exception's type."""
    reason: str = ""
    """Its message."""
    after: float | None = None
    """The seconds of a `Retry(after=…)`."""


def deliver(
    sink: Sink | ModuleType,
    events: Sequence[Event[Any]],
    *,
    contract: str = "receiver.generated",
    deadline: float = DEADLINE,
) -> list[Result]:
    """Open a sink, call it with the events as a route would, close it; one result for each event.

    For tests that are plain functions; in an `async` one use `delivering`. Raises whatever `open`
    raises, and PluginError for a sink whose hooks are wrong.
    """

    async def run() -> list[Result]:
        async with delivering(sink, contract=contract, deadline=deadline) as opened:
            return await opened.deliver(events)

    return asyncio.run(run())


@asynccontextmanager
async def delivering(
    sink: Sink | ModuleType | BoundSink,
    *,
    contract: str = "receiver.generated",
    deadline: float = DEADLINE,
) -> AsyncIterator[OpenedSink]:
    """The sink, open as long as the block lasts. Raises what `open` and `close` raise."""
    catalogue = catalogue_of(contract)
    bound = sink if isinstance(sink, BoundSink) else adopt(sink, catalogue.hookspecs)
    try:
        if bound.open is not None:
            _reraise(await once(bound.open, deadline))
        try:
            yield OpenedSink(bound, catalogue, deadline)
        finally:
            if bound.close is not None:
                _reraise(await once(bound.close, deadline))
    finally:
        await bound.release()


class OpenedSink:
    """A sink that takes events."""

    def __init__(self, bound: BoundSink, catalogue: Catalogue, deadline: float) -> None:
        self.sink = bound.sink
        self._bound = bound
        self._catalogue = catalogue
        self._deadline = deadline
        # A time without a schedule: each failure is looked at, none is tried again here.
        self._judge = Judge(listed([0.0]), deadline, bound.redaction)

    @cached_property
    def _selection(self) -> Selection:
        plugin = Plugin(self._bound.name, self._bound.name, lambda: self._bound.sink)
        return Selection(Route(name=self._bound.name, plugin=plugin), self._bound, self._catalogue)

    def takes(self, event: Event[Any]) -> bool:
        """Whether the sink has a hook for an event's type."""
        return self._selection.way(event.source, event.type) is not None

    async def deliver(
        self, events: Sequence[Event[Any]], *, batch: int = BATCH, together: bool = False
    ) -> list[Result]:
        """One result for each event, in their order.

        They are handed over one after the other, or in lists of `batch` where the sink has
        `on_batch`; `together`: all calls at the same time, as for events of different nodes.
        """
        calls = [self._call(way, part) for way, part in self._parts(events, batch)]
        if together:
            answers = await asyncio.gather(*calls)
        else:
            answers = [await call for call in calls]
        return [result for answer in answers for result in answer]

    def _parts(
        self, events: Sequence[Event[Any]], size: int
    ) -> list[tuple[Way | None, list[Event[Any]]]]:
        """Events that are handed over together, and how."""
        parts: list[tuple[Way | None, list[Event[Any]]]] = []
        for event in events:
            way = self._selection.way(event.source, event.type)
            last = parts[-1] if parts else None
            joins = (
                way is not None
                and way.batch is not None
                and last is not None
                and last[0] is not None
                and last[0].batch is way.batch
                and len(last[1]) < size
            )
            if joins and last is not None:
                last[1].append(event)
            else:
                parts.append((way, [event]))
        return parts

    async def _call(self, way: Way | None, events: list[Event[Any]]) -> list[Result]:
        if way is None:
            return [Result(event, "passed over") for event in events]
        if way.batch is None:
            return [self._judged(events[0], await self._once(way.hook, events[0]))]
        answers = self._answers(await self._once(way.batch, list(events)), len(events))
        if answers is None:
            return [await self._alone(way, event) for event in events]
        return [self._judged(event, each) for event, each in zip(events, answers, strict=True)]

    async def _alone(self, way: Way, event: Event[Any]) -> Result:
        """One event of a batch that failed as a whole."""
        answer = await self._once(way.hook, [event] if way.listed else event)
        [each] = (self._answers(answer, 1) if way.listed else None) or [answer]
        return self._judged(event, each)

    def _answers(self, answer: Any, size: int) -> list[Any] | None:
        """One for each event of a batch; None where they are to be handed over one by one."""
        answers = self._judge.batch(answer, size)
        return [answer] if answers is None and size == 1 else answers

    async def _once(self, hook: Any, argument: Any) -> Any:
        return await once(partial(hook.call, argument), self._deadline)

    def _judged(self, event: Event[Any], answer: Any) -> Result:
        now = datetime.now(UTC)
        outcome = self._judge.outcome(answer, _claim(event), now=now, random=0.0)
        if isinstance(outcome, Delivered):
            return Result(event, "delivered")
        failure = outcome.failure
        after = None
        if is_a(answer, Raised) and is_a(answer.error, Retry) and answer.error.after is not None:
            after = seconds(answer.error.after)
        return Result(
            event,
            "rejected" if isinstance(outcome, Dead) else "retry",
            failure.kind,
            failure.error,
            failure.message,
            after,
        )


def _claim(event: Event[Any]) -> Claim:
    """What a route would have in hand; the event's own number of the attempt plays no part."""
    stored = Stored(
        seq=event.seq,
        id=event.id,
        source=event.source,
        type=event.type,
        key=event.key,
        time=event.time,
        received_at=event.received_at,
        node=event.node,
        user=event.user,
        raw=event.raw,
        operation="test",
        secret="test",  # noqa: S106 (the name of one)
    )
    return Claim("test", stored, 1)


def _reraise(result: Any) -> None:
    if is_a(result, Raised):
        raise result.error
