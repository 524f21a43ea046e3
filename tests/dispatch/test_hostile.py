"""What a hook returns or raises may break whoever looks at it: every event gets an outcome."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from receiver import Event, Retry, Sink, hookimpl
from receiver.backoff import LONGEST_WAIT, Schedule
from receiver.errors import UnkeepableError
from receiver.inbox import Claim, Failure
from receiver.inbox.memory import MemoryInbox
from receiver.inbox.sqlite import open_store


class NoClass:
    @property
    def __class__(self) -> Any:
        raise RuntimeError("no class")


class ExitsForItsClass:
    @property
    def __class__(self) -> Any:
        sys.exit(3)


class NoReason(Exception):
    @property
    def __class__(self) -> Any:
        raise KeyboardInterrupt

    def __str__(self) -> str:
        raise GeneratorExit


class NoName(type):
    @property
    def __name__(cls) -> Any:
        sys.exit("no name")


class Nameless(Exception, metaclass=NoName):
    pass


class NoLength(list[Any]):
    def __len__(self) -> int:
        raise RuntimeError("no length")


class Endless(list[Any]):
    def __len__(self) -> int:
        return 3

    def __iter__(self) -> Any:
        while True:
            yield None


class OddText(str):
    __slots__ = ()

    def __len__(self) -> int:
        sys.exit(4)

    def __getitem__(self, _: Any) -> Any:
        return None


class SpeaksOddly(Exception):
    def __str__(self) -> str:
        return OddText("odd")


class OddRetry(Retry):
    @property
    def after(self) -> Any:
        raise SystemExit

    @after.setter
    def after(self, value: Any) -> None: ...


def raising(error: BaseException) -> Any:
    def behave() -> None:
        raise error

    return behave


HOSTILE = {
    "no class": NoClass,
    "exits for its class": ExitsForItsClass,
    "no length": NoLength,
    "endless": Endless,
    "raises no class": raising(NoReason()),
    "raises no name": raising(Nameless("x")),
    "raises a surrogate": raising(ValueError("\ud800")),
    "raises bytes that were no UTF-8": raising(
        OSError(b"/caf\xe9".decode(errors="surrogateescape"))
    ),
    "raises a null": raising(ValueError("a\0b")),
    "raises very much": raising(ValueError("\udfff" * 1_000_000)),
    "raises an odd text": raising(SpeaksOddly()),
    "raises an odd Retry": raising(OddRetry()),
    "returns an odd text": lambda: OddText("odd"),
    "returns hostile outcomes": lambda: [NoReason(), ExitsForItsClass()],
}


def alone(behave: Any, got: list[str]) -> type[Sink]:
    class Plain(Sink):
        @hookimpl
        def on_event(self, event: Event) -> Any:
            got.append(str(event.node))
            return behave() if event.node == "bad" else None

    return Plain


def asynchronous(behave: Any, got: list[str]) -> type[Sink]:
    class Async(Sink):
        @hookimpl
        async def on_event(self, event: Event) -> Any:
            got.append(str(event.node))
            return behave() if event.node == "bad" else None

    return Async


def batching(behave: Any, got: list[str]) -> type[Sink]:
    class Batching(Sink):
        @hookimpl
        def on_batch(self, events: list[Event]) -> Any:
            got.extend(str(event.node) for event in events)
            return behave() if any(event.node == "bad" for event in events) else None

    return Batching


@pytest.mark.parametrize("make", [alone, asynchronous, batching])
@pytest.mark.parametrize("behave", HOSTILE.values(), ids=HOSTILE)
async def test_every_event_gets_an_outcome_and_the_route_goes_on(
    new_stage: Any, eventually: Any, tmp_path: Any, make: Any, behave: Any
) -> None:
    got: list[str] = []
    inbox = open_store(tmp_path / "inbox.db")
    stage = new_stage(inbox)
    route = stage.route("r", make(behave, got), start="beginning", concurrency=2)
    await stage.append(3, node=lambda n: ("before", "bad", "bad")[n])
    async with stage.playing(route) as dispatcher:
        await eventually(lambda: inbox.attempts("id-1"))
        await stage.append(1, node=lambda n: "after")
        await eventually(lambda: "after" in got)
        await eventually(nothing_in_flight(dispatcher))
    (first, *_) = await inbox.attempts("id-1")
    assert first.failure.kind in ("error", "retry")
    assert first.next_at is not None
    (place,) = await inbox.places()
    assert (place.lag, place.held) == (0, 1)
    await inbox.close()


def nothing_in_flight(dispatcher: Any) -> Any:
    async def so() -> bool:
        (status,) = await dispatcher.status()
        return status.in_flight == 0

    return so


@pytest.mark.parametrize("delay", [1e15, 1e300, float("inf")])
async def test_no_wait_is_too_long_to_be_waited(stage: Any, eventually: Any, delay: float) -> None:
    route = stage.route("r", alone(lambda: False, []), schedule=Schedule((delay,)))
    await stage.append(1, node=lambda n: "bad")
    async with stage.playing(route):
        await eventually(lambda: stage.inbox.attempts("id-0"))
    (attempt,) = await stage.inbox.attempts("id-0")
    assert (attempt.next_at - stage.clock.now()).total_seconds() == LONGEST_WAIT


class Picky(MemoryInbox):
    """A store with fewer words than ours."""

    async def defer(self, claim: Claim, *, until: Any, failure: Failure) -> None:
        if claim.event.node == "never" or failure.error == "ZeroDivisionError":
            raise UnkeepableError("no such words")
        await super().defer(claim, until=until, failure=failure)


async def test_what_a_store_cannot_keep_holds_up_nothing(new_stage: Any, eventually: Any) -> None:
    class Fails(Sink):
        @hookimpl
        def on_event(self, event: Event) -> None:
            if event.node != "good":
                raise ZeroDivisionError

    stage = new_stage(Picky())
    await stage.append(3, node=lambda n: ("bad", "never", "good")[n])
    async with stage.playing(stage.route("r", Fails)) as dispatcher:
        await eventually(lambda: stage.inbox.dead_letters())
        await eventually(nothing_in_flight(dispatcher))
    (attempt,) = await stage.inbox.attempts("id-0")
    assert attempt.failure.error == "UnkeepableError"
    assert attempt.next_at is not None
    (letter,) = await stage.inbox.dead_letters()
    assert letter.event.node == "never"
