"""What holds a route back: its operator, its breaker, its rate; and that nothing is lost by it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from receiver import Event, Sink, hookimpl
from receiver.backoff import listed
from receiver.breaker import Limits
from receiver.dispatch.definition import judge, read
from receiver.inbox import Head

NEVER = listed([600] * 50)


def own_node(n: int) -> str:
    return f"n{n}"


def taking(seen: list[int], works: Any = lambda: True) -> type[Sink]:
    class Taking(Sink):
        @hookimpl
        async def on_event(self, event: Event) -> Any:
            seen.append(event.seq)
            if not works():
                raise ConnectionError("the target is down")

    return Taking


async def paused(stage: Any, flow: str = "paused") -> bool:
    return all(status.flow == flow for status in stage.dispatcher.statuses())


async def test_a_paused_route_delivers_nothing_and_afterwards_everything(
    stage: Any, eventually: Any
) -> None:
    seen: list[int] = []
    async with stage.playing(stage.route("r", taking(seen))):
        await stage.append(3, node=own_node)
        await eventually(lambda: stage.passed("r"))
        await stage.inbox.steer("r", "paused", at=stage.clock.now())
        await eventually(lambda: paused(stage))
        await stage.append(3, node=own_node)
        await asyncio.sleep(0.05)
        assert seen == [1, 2, 3]
        await stage.inbox.steer("r", "running", at=stage.clock.now())
        await eventually(lambda: stage.passed("r"))
    assert sorted(seen) == [1, 2, 3, 4, 5, 6]


async def test_a_route_that_was_paused_is_so_from_its_first_moment_on(
    stage: Any, eventually: Any
) -> None:
    seen: list[int] = []
    async with stage.playing(stage.route("r", taking(seen))):
        await eventually(lambda: stage.place("r"))
        await stage.inbox.steer("r", "paused", at=stage.clock.now())
    await stage.append(5, node=own_node)
    async with stage.playing(stage.route("r", taking(seen))):
        await eventually(lambda: paused(stage))
        await asyncio.sleep(0.05)
    assert seen == []


async def test_what_was_claimed_and_not_begun_is_given_back_by_a_pause(
    stage: Any, eventually: Any
) -> None:
    begun, go = [], asyncio.Event()

    class Slow(Sink):
        @hookimpl
        async def on_event(self, event: Event) -> None:
            begun.append(event.seq)
            await go.wait()

    await stage.append(20, node=lambda n: f"n{n % 5}")
    async with stage.playing(stage.route("r", Slow, concurrency=2)):
        await eventually(lambda: len(begun) == 2)
        await stage.inbox.steer("r", "paused", at=stage.clock.now())
        await eventually(lambda: paused(stage))
        go.set()
        await eventually(lambda: stage.dispatcher.statuses()[0].in_flight == 0)
        assert len(begun) == 2
        await stage.inbox.steer("r", "running", at=stage.clock.now())
        await eventually(lambda: stage.passed("r"))
    assert sorted(begun) == list(range(1, 21))


async def test_a_draining_route_delivers_its_exceptions_and_nothing_new(
    stage: Any, eventually: Any
) -> None:
    seen: list[int] = []
    down = [True]
    sink = taking(seen, lambda: not down[0])
    route = stage.route("r", sink, schedule=listed([10, 10]), breaker=Limits(threshold=0))
    async with stage.playing(route):
        await stage.append(1)
        await eventually(lambda: stage.inbox.attempts("id-0"))
        await stage.inbox.steer("r", "draining", at=stage.clock.now())
        await eventually(lambda: paused(stage, "draining"))
        await stage.append(2, node=own_node)
        down[0] = False
        stage.clock.advance(20)
        await eventually(lambda: stage.inbox.next_due("r"))
        await eventually(lambda: seen == [1, 1])
        await asyncio.sleep(0.05)
        assert seen == [1, 1]
        assert (await stage.place("r")).lag == 2


async def test_a_target_that_is_down_is_left_alone_and_gets_everything_afterwards(
    stage: Any, eventually: Any
) -> None:
    """The position stands still, exceptions are few, one event at a time finds out."""
    seen: list[int] = []
    down = [True]
    sink = taking(seen, lambda: not down[0])
    limits = Limits(threshold=5, pause=30, longest=60)
    route = stage.route("r", sink, concurrency=2, breaker=limits, schedule=NEVER)
    await stage.append(300, node=own_node)

    async def breaker() -> str:
        return str(stage.dispatcher.statuses()[0].breaker)

    async def is_open() -> bool:
        return await breaker() == "open" and not stage.dispatcher.statuses()[0].in_flight

    async with stage.playing(route):
        await eventually(is_open)
        failed = len(seen)
        assert failed <= 5 + 2
        assert stage.dispatcher.statuses()[0].breaker_until is not None
        for seconds in (30, 60, 60):  # each probe that fails doubles the pause
            stage.clock.advance(seconds - 1)
            await asyncio.sleep(0.02)
            assert len(seen) == failed
            stage.clock.advance(1)
            failed += 1
            await eventually(lambda: len(seen) == failed)  # noqa: B023
            await eventually(is_open)
        place = await stage.place("r")
        assert place.waiting == failed
        assert place.position == failed
        down[0] = False
        stage.clock.advance(60)
        await eventually(lambda: len(seen) == 300)
        assert await breaker() == "closed"
        stage.clock.advance(1000)
        await eventually(lambda: stage.passed("r"))
    assert len(set(seen)) == 300
    assert await stage.inbox.dead_letters() == []


async def test_events_that_a_sink_cannot_digest_do_not_hold_up_the_others(
    stage: Any, eventually: Any
) -> None:
    seen: list[int] = []

    class Picky(Sink):
        @hookimpl
        async def on_event(self, event: Event) -> None:
            if event.seq <= 40:
                raise KeyError("name")
            seen.append(event.seq)

    await stage.append(60, node=own_node)
    async with stage.playing(stage.route("r", Picky, schedule=NEVER)):
        await eventually(lambda: len(seen) == 20)
        assert stage.dispatcher.statuses()[0].breaker == "closed"


async def test_a_rate_is_kept_and_nothing_is_left_out(stage: Any, eventually: Any) -> None:
    seen: list[int] = []
    await stage.append(30, node=own_node)
    async with stage.playing(stage.route("r", taking(seen), rate=10)):
        await eventually(lambda: seen)
        for second in range(1, 3):
            for _ in range(10):
                stage.clock.advance(0.1)
                await asyncio.sleep(0.01)
            await eventually(lambda least=10 * second - 2: len(seen) >= least)
            assert len(seen) <= 10 * second + 2
        stage.clock.advance(0.1)
        for _ in range(30):
            stage.clock.advance(0.1)
            await asyncio.sleep(0.005)
        await eventually(lambda: stage.passed("r"))
    assert sorted(seen) == list(range(1, 31))


async def test_max_exceptions_bound_what_fails(stage: Any, eventually: Any) -> None:
    seen: list[int] = []
    sink = taking(seen, lambda: False)
    limits = Limits(threshold=0)
    route = stage.route("r", sink, max_exceptions=7, schedule=NEVER, breaker=limits)
    await stage.append(50, node=own_node)
    async with stage.playing(route):
        await eventually(lambda: len(seen) == 7)
        await asyncio.sleep(0.05)
        place = await stage.place("r")
        assert (len(seen), place.position, place.waiting) == (7, 7, 7)


async def test_what_a_route_was_when_it_passed_an_event_is_kept(
    stage: Any, eventually: Any
) -> None:
    """Also after it was changed: what is asked later is answered from what held then."""
    seen: list[int] = []
    await stage.append(1)
    await stage.append(1, type="thing/off")
    one = stage.route("r", taking(seen), events=("thing/on", "!thing/odd"))
    other = stage.route("r", taking(seen), events=("thing/*",), nodes=("!n1",))
    async with stage.playing(one):
        await eventually(lambda: stage.passed("r"))
    await stage.append(1)
    async with stage.playing(other):
        await eventually(lambda: stage.passed("r"))

    kept = {each.version: read(each.text) for each in await stage.inbox.definitions(name="r")}
    told = []
    for seq, kind in ((1, "thing/on"), (2, "thing/off"), (3, "thing/on")):
        [passage] = await stage.inbox.passages(seq)
        head = Head(seq, "acme", kind, "n1", None)
        definition = kept[passage.regime.version]
        told.append(judge(definition, head, stage.catalogue.contract))
    assert [verdict.wanted for verdict in told] == [True, False, False]
    assert [verdict.by for verdict in told] == [
        "events: thing/on",
        "events: none of thing/on, !thing/odd matches thing/off",
        "nodes: !n1 excludes n1",
    ]
    assert seen == [1]


@pytest.mark.parametrize("failing", [5, 40])
async def test_order_holds_within_a_node_whatever_fails(
    stage: Any, eventually: Any, failing: int
) -> None:
    seen: list[int] = []
    failed: set[int] = set()

    class Flaky(Sink):
        @hookimpl
        def on_event(self, event: Event) -> Any:
            if event.seq % failing == 0 and event.seq not in failed:
                failed.add(event.seq)
                return False
            seen.append(event.seq)
            return None

    await stage.append(200)

    async def moved_on() -> bool:
        stage.clock.advance(20)
        return bool(await stage.passed("r"))

    async with stage.playing(stage.route("r", Flaky, schedule=listed([1, 1]))):
        await eventually(moved_on, 10.0)
    assert seen == list(range(1, 201))


async def test_a_batch_that_fails_while_its_route_is_paused_is_not_tried_one_by_one(
    stage: Any, eventually: Any
) -> None:
    calls: list[int] = []
    go = asyncio.Event()

    class Many(Sink):
        @hookimpl
        async def on_batch(self, events: list[Event]) -> bool:
            calls.append(len(events))
            await go.wait()
            return len(calls) > 1

    await stage.append(10, node=own_node)
    async with stage.playing(stage.route("r", Many)):
        await eventually(lambda: calls)
        await stage.inbox.steer("r", "paused", at=stage.clock.now())
        await eventually(lambda: paused(stage))
        go.set()
        await eventually(lambda: stage.dispatcher.statuses()[0].in_flight == 0)
        assert calls == [10]
        await stage.inbox.steer("r", "running", at=stage.clock.now())
        await eventually(lambda: stage.passed("r"))
    assert calls == [10, 10]
    assert await stage.inbox.attempts("id-0") == []
