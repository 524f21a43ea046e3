"""Sinks that do not take what a platform may send; and the suite over each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from declared import Good, Suite
from lived import Refusing

from receiver import Event, Sink, hookimpl


class Picky(Sink):
    """Fail where `fails` says so."""

    fails: ClassVar[Callable[[Event[Any]], Any]]

    @hookimpl
    def on_event(self, event: Event[Any]) -> None:
        if type(self).fails(event):
            raise ValueError("not like this")


def picky(fails: Callable[[Event[Any]], Any]) -> type[Sink]:
    """A sink that fails on such events."""
    return type("Picky", (Picky,), {"fails": staticmethod(fails), "__doc__": "Be picky."})


def depth(value: Any) -> int:
    """How deep a payload nests."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(depth, inner), default=0)


class Forgetful(Good):
    """Fail when an event comes twice."""

    def open(self) -> None:
        self.seen: set[str] = set()

    @hookimpl
    def on_event(self, event: Event[Any]) -> None:
        if event.id in self.seen:
            raise ValueError("I know that one")
        self.seen.add(event.id)


class Small(Sink):
    """Take short lists only."""

    @hookimpl
    def on_batch(self, events: list[Event[Any]]) -> list[bool]:
        return [len(events) < 50] * len(events)


class Alone(Good):
    """Fail when called twice at the same time."""

    def open(self) -> None:
        self.busy = threading.Lock()

    @hookimpl
    def on_event(self, event: Event[Any]) -> None:
        if not self.busy.acquire(blocking=False):
            raise ValueError("one after the other, please")
        time.sleep(0.01)
        self.busy.release()


ARRIVED: list[str] = []


class Losing(Sink):
    """Say delivered of events that it has dropped."""

    @hookimpl
    def on_event(self, event: Event[Any]) -> None:
        if not event.id.endswith("7"):
            ARRIVED.append(event.id)


class Reversing(Sink):
    """Deliver the last event first."""

    @hookimpl
    def on_batch(self, events: list[Event[Any]]) -> None:
        ARRIVED.extend(event.id for event in reversed(events))


class Writing(Sink):
    """Write into the events."""

    @hookimpl
    def on_event(self, event: Event[Any]) -> None:
        event.data.extra["seen"] = True


class Arriving(Suite):
    @pytest.fixture
    def arrived(self) -> Callable[[], list[str]]:
        ARRIVED.clear()
        return lambda: ARRIVED


class TestRefusing(Suite):
    sink = Refusing


class TestOldSpec(Suite):
    sink = picky(lambda event: "new_field" in event.json())


class TestNodes(Suite):
    sink = picky(lambda event: event.node.upper() == "")


class TestAscii(Suite):
    sink = picky(lambda event: event.raw.decode("ascii") == "")


class TestNames(Suite):
    sink = picky(lambda event: "/" in (event.node or ""))


class TestNumbers(Suite):
    sink = picky(lambda event: str(2**63 - 1).encode() in event.raw)


class TestLarge(Suite):
    sink = picky(lambda event: len(event.raw) > 65_536)


class TestDeep(Suite):
    sink = picky(lambda event: depth(event.json()) > 60)


class TestTypes(Suite):
    sink = picky(lambda event: event.type == "brand/new")


class TestAgain(Suite):
    sink = picky(lambda event: event.attempt > 1)


class TestForgetful(Suite):
    sink = Forgetful


class TestTwice(Arriving):
    sink = Reversing
    idempotent: ClassVar[bool] = True


class TestSmall(Suite):
    sink = Small


class TestAlone(Suite):
    sink = Alone


class TestLosing(Arriving):
    sink = Losing


class TestReversing(Arriving):
    sink = Reversing


class TestWriting(Suite):
    sink = Writing


class TestShapes(Suite):
    sink = picky(lambda event: event.json().get("x"))
