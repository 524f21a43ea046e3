"""One sink misbehaves; the others deliver everything."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from functools import wraps
from types import ModuleType
from typing import Any

import pytest

from receiver import Event, Sink, hookimpl
from receiver.dispatch import loop

EVENTS = 60


def collector(into: list[str], asynchronous: bool = True) -> type[Sink]:
    class Collecting(Sink):
        @hookimpl
        async def on_event(self, event: Event) -> None:
            into.append(event.id)

    class CollectingPlainly(Sink):
        @hookimpl
        def on_event(self, event: Event) -> None:
            into.append(event.id)

    return Collecting if asynchronous else CollectingPlainly


class Raises(Sink):
    @hookimpl
    def on_event(self, event: Event) -> None:
        raise ZeroDivisionError


class Exits(Sink):
    @hookimpl
    def on_event(self, event: Event) -> None:
        sys.exit(1)


class ExitsAsync(Sink):
    @hookimpl
    async def on_event(self, event: Event) -> None:
        await asyncio.sleep(0)
        sys.exit("bye")


class Sleeps(Sink):
    @hookimpl
    def on_event(self, event: Event) -> None:
        time.sleep(0.6)


class SleepsAsync(Sink):
    @hookimpl
    async def on_event(self, event: Event) -> None:
        await asyncio.sleep(3600)


class IgnoresItsCancellation(Sink):
    @hookimpl
    async def on_event(self, event: Event) -> None:
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                continue


class CancelsEverything(Sink):
    @hookimpl
    async def on_event(self, event: Event) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)


class TalksNonsense(Sink):
    @hookimpl
    def on_batch(self, events: list[Event]) -> Any:
        return object()


class ClosesItsInput(Sink):
    @hookimpl
    def on_event(self, event: Event) -> None:
        os.read(10_000, 1)


class KillsItsThread(Sink):
    @hookimpl
    def on_event(self, event: Event) -> None:
        threading.current_thread()._started = None  # type: ignore[attr-defined]
        raise RecursionError


class DoesNotOpen(Sink):
    def open(self) -> None:
        raise ConnectionRefusedError

    @hookimpl
    def on_event(self, event: Event) -> None: ...


class DoesNotClose(Sink):
    async def close(self) -> None:
        sys.exit()

    @hookimpl
    def on_event(self, event: Event) -> None: ...


class CannotBeMade(Sink):
    def __init__(self, *args: Any, **more: Any) -> None:
        sys.exit()

    @hookimpl
    def on_event(self, event: Event) -> None: ...


MISBEHAVING = [
    *(Raises, Exits, ExitsAsync, Sleeps, SleepsAsync, IgnoresItsCancellation, TalksNonsense),
    *(ClosesItsInput, KillsItsThread, DoesNotOpen, DoesNotClose, CannotBeMade, CancelsEverything),
    ModuleType("empty"),
]


def in_a_loop_of_its_own(test: Any) -> Any:
    """Run an async test as deliveries run: what goes on though cancelled holds up nothing."""

    @wraps(test)
    def run(**fixtures: Any) -> None:
        loop.run(test(**fixtures), stray=lambda error: None)

    return run


@pytest.mark.alone
@pytest.mark.parametrize("bad", MISBEHAVING, ids=lambda sink: sink.__name__)
@in_a_loop_of_its_own
async def test_the_routes_beside_a_bad_one_deliver_everything(
    new_stage: Any, eventually: Any, bad: Any
) -> None:
    stage = new_stage()
    before: list[str] = []
    after: list[str] = []
    await stage.append(EVENTS, node=lambda n: f"n{n % 7}")
    routes = [
        stage.route("before", collector(before)),
        stage.route("bad", bad, deadline=0.2),
        stage.route("after", collector(after, asynchronous=False)),
    ]
    began = time.monotonic()
    async with stage.playing(*routes, grace=0.05):
        await eventually(lambda: stage.passed("before"), 2)
        await eventually(lambda: stage.passed("after"), 2)
        assert time.monotonic() - began < 2
    assert sorted(before) == sorted(after) == sorted(f"id-{n}" for n in range(EVENTS))


async def test_a_sink_that_cannot_be_bound_says_so_in_the_status(
    stage: Any, eventually: Any
) -> None:
    class Misspelt(Sink):
        @hookimpl
        def acme_thing_onn(self, event: Event) -> None: ...

    async with stage.playing(stage.route("bad", Misspelt)) as dispatcher:
        await eventually(lambda: broken(dispatcher))
        (status,) = await dispatcher.status()
    assert "there is no hook acme_thing_onn; did you mean acme_thing_on?" in status.last_error
    assert "bad" in status.last_error


async def broken(dispatcher: Any) -> bool:
    return (await dispatcher.status())[0].state == "broken"


async def test_a_route_is_stuck_while_two_of_its_threads_do_not_come_back(
    stage: Any, eventually: Any
) -> None:
    go = threading.Event()
    called: list[str] = []

    class Hangs(Sink):
        @hookimpl
        def on_event(self, event: Event) -> None:
            called.append(event.id)
            go.wait(10)

    async def state() -> str:
        return (await dispatcher.status())[0].state

    async def is_stuck() -> bool:
        return await state() == "stuck"

    async def is_running() -> bool:
        return await state() == "running"

    await stage.append(20, node=lambda n: f"n{n}")
    route = stage.route("hanging", Hangs, deadline=0.1, concurrency=2)
    async with stage.playing(route) as dispatcher:
        await eventually(is_stuck)
        begun = len(called)  # 2, or 3 where the first was given up before the second
        await asyncio.sleep(0.15)
        assert len(called) == begun <= 3
        assert (await dispatcher.status())[0].overdue >= 2
        go.set()
        await eventually(is_running)
        await eventually(lambda: len(called) == 20)


async def test_a_route_is_stuck_while_two_of_its_tasks_do_not_end(
    stage: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.dispatch.tasks.PATIENCE", 0.05)
    go = asyncio.Event()
    called: list[str] = []

    class Hangs(Sink):
        @hookimpl
        async def on_event(self, event: Event) -> None:
            called.append(event.id)
            while not go.is_set():
                try:
                    await go.wait()
                except asyncio.CancelledError:
                    continue

    async def is_stuck() -> bool:
        return (await dispatcher.status())[0].state == "stuck"

    await stage.append(20, node=lambda n: f"n{n}")
    route = stage.route("hanging", Hangs, deadline=0.1, concurrency=2)
    async with stage.playing(route) as dispatcher:
        await eventually(is_stuck)
        assert len(called) <= 3
        go.set()
        await eventually(lambda: len(called) == 20)


async def test_a_sink_is_opened_again_until_it_opens(
    stage: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.dispatch.runner.pause", lambda *_, **__: 0.01)
    log: list[str] = []

    class Late(Sink):
        async def open(self) -> None:
            log.append("open")
            if len(log) < 3:
                raise ConnectionRefusedError("not yet")

        def close(self) -> None:
            log.append("close")

        @hookimpl
        def on_event(self, event: Event) -> None:
            log.append(event.id)

    await stage.append(1)
    async with stage.playing(stage.route("late", Late)):
        await eventually(lambda: stage.passed("late"))
    assert log == ["open", "open", "open", "id-0", "close"]
