"""The loop that deliveries have to themselves: no plugin ends it, and none keeps it from ending."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from receiver import Event, Sink, hookimpl
from receiver.dispatch import Dispatcher, loop
from receiver.errors import StoreError


class Stubborn(Sink):
    @hookimpl
    async def on_event(self, event: Event) -> None:
        await go_on()


async def go_on() -> None:
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            continue


def collecting(into: list[str]) -> type[Sink]:
    class Collecting(Sink):
        @hookimpl
        async def on_event(self, event: Event) -> None:
            into.append(event.id)

    return Collecting


def never(error: BaseException) -> None:
    raise AssertionError(error)


@pytest.mark.alone
def test_what_goes_on_though_cancelled_is_left_after_a_second() -> None:
    async def endless() -> AsyncIterator[None]:
        try:
            yield
        finally:
            await go_on()

    async def main() -> int:
        generator = endless()
        kept.extend([asyncio.create_task(go_on()), generator])
        await anext(generator)
        return 5

    kept: list[Any] = []
    began = time.monotonic()
    assert loop.run(main(), stray=never) == 5
    assert time.monotonic() - began < 3


def test_an_exit_beside_it_and_a_stopped_loop_end_nothing() -> None:
    async def exits() -> None:
        sys.exit(3)

    async def main() -> str:
        running = asyncio.get_running_loop()
        task = running.create_task(exits())
        running.call_soon(sys.exit, 4)
        running.stop()
        await asyncio.sleep(0.01)
        assert isinstance(task.exception(), SystemExit)
        return "done"

    strays: list[BaseException] = []
    assert loop.run(main(), strays.append) == "done"
    assert [stray.code for stray in strays if isinstance(stray, SystemExit)] == [3, 4]


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(3), asyncio.CancelledError()])
def test_what_it_ends_with_is_raised(error: BaseException) -> None:
    async def main() -> None:
        raise error

    with pytest.raises(type(error)):
        loop.run(main(), stray=never)


@pytest.mark.alone
def test_a_call_that_goes_on_though_cancelled_is_named_and_left(
    new_stage: Any, eventually: Any
) -> None:
    loop.run(stubborn(new_stage(), eventually), stray=never)


async def stubborn(stage: Any, eventually: Any) -> None:
    good: list[str] = []
    await stage.append(1)
    routes = [stage.route("bad", Stubborn), stage.route("good", collecting(good))]
    began = time.monotonic()
    async with stage.playing(*routes, grace=0.05) as dispatcher:
        await eventually(lambda: stage.passed("good"))
    assert time.monotonic() - began < 4
    assert dispatcher.unfinished() == ["bad"]


async def test_a_store_that_fails_once_the_routes_are_registered_ends_nothing(
    stage: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(_starts: Any) -> Any:
        raise StoreError("the disk is full")

    good: list[str] = []
    dispatcher = Dispatcher(
        stage.inbox, stage.catalogue, [stage.route("good", collecting(good))], clock=stage.clock
    )
    await dispatcher.register()
    monkeypatch.setattr(stage.inbox, "register", fails)
    running = asyncio.create_task(dispatcher.run())
    await stage.append(1)
    await eventually(lambda: good == ["id-0"])
    await dispatcher.stop(1.0)
    await running
