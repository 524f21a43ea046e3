"""Many events in one call: their outcomes, and what happens to those of a call that failed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from receiver import Event, Reject, Retry, Sink, hookimpl


def batching(calls: list[list[int]], behave: Any) -> type[Sink]:
    class Batching(Sink):
        @hookimpl
        async def on_batch(self, events: list[Event]) -> Any:
            calls.append([event.seq for event in events])
            return behave(events)

    return Batching


def own_node(n: int) -> str:
    return f"n{n}"


async def test_a_batch_takes_what_is_there_up_to_its_size(stage: Any, eventually: Any) -> None:
    calls: list[list[int]] = []
    await stage.append(25, node=own_node)
    route = stage.route("r", batching(calls, lambda events: None), batch=10, concurrency=1)
    async with stage.playing(route):
        await eventually(lambda: stage.passed("r"))
    assert [len(call) for call in calls] == [10, 10, 5]
    assert [seq for call in calls for seq in call] == list(range(1, 26))


async def test_a_batch_may_wait_to_be_filled(stage: Any, eventually: Any) -> None:
    calls: list[list[int]] = []
    route = stage.route("r", batching(calls, lambda events: None), batch=10, batch_wait=0.3)
    async with stage.playing(route):
        for _ in range(10):
            await stage.append(1, node=own_node)
        await eventually(lambda: stage.passed("r"))
        assert [len(call) for call in calls] == [10]
        await stage.append(2, node=own_node)
        await eventually(lambda: stage.passed("r"))
    assert [len(call) for call in calls] == [10, 2]


async def test_each_event_of_a_batch_may_have_its_own_outcome(stage: Any, eventually: Any) -> None:
    calls: list[list[int]] = []
    outcomes = [None, True, False, Retry("later", after=60), Reject("never")]
    await stage.append(5, node=own_node)
    route = stage.route("r", batching(calls, lambda events: outcomes[: len(events)]))
    async with stage.playing(route):
        await eventually(lambda: stage.inbox.attempts("id-4"))
        await eventually(lambda: stage.inbox.attempts("id-3"))
    kinds = {n: [a.failure.kind for a in await stage.inbox.attempts(f"id-{n}")] for n in range(5)}
    assert kinds == {0: [], 1: [], 2: ["retry"], 3: ["retry"], 4: ["reject"]}
    assert len(calls) == 1


@pytest.mark.parametrize("failure", [False, ValueError("one of them"), SystemExit(1)])
async def test_a_failed_batch_is_tried_one_by_one(
    stage: Any, eventually: Any, failure: Any
) -> None:
    calls: list[list[int]] = []

    def behave(events: list[Event]) -> Any:
        if 3 not in [event.seq for event in events]:
            return None
        if isinstance(failure, BaseException):
            raise failure
        return failure

    await stage.append(5, node=own_node)
    async with stage.playing(stage.route("r", batching(calls, behave))):
        await eventually(lambda: stage.inbox.attempts("id-2"))
        await eventually(only_one_waits(stage))
    assert calls == [[1, 2, 3, 4, 5], [1], [2], [3], [4], [5]]


def only_one_waits(stage: Any) -> Any:
    async def so() -> bool:
        place = await stage.place("r")
        return place.lag == 0 and place.waiting == 1 and place.held == 0

    return so


async def test_one_by_one_means_on_event_where_the_sink_has_it(stage: Any, eventually: Any) -> None:
    alone: list[int] = []

    class Both(Sink):
        @hookimpl
        def on_batch(self, events: list[Event]) -> None:
            raise ValueError

        @hookimpl
        async def on_event(self, event: Event) -> None:
            alone.append(event.seq)

    await stage.append(4, node=own_node)
    async with stage.playing(stage.route("r", Both)):
        await eventually(lambda: stage.passed("r"))
    assert alone == [1, 2, 3, 4]


async def test_a_retry_is_meant_for_the_whole_batch_and_comes_one_by_one(
    stage: Any, eventually: Any
) -> None:
    calls: list[list[int]] = []

    def behave(events: list[Event]) -> Any:
        if len(calls) == 1:
            raise Retry("slow down", after=60)

    await stage.append(3, node=own_node)
    async with stage.playing(stage.route("r", batching(calls, behave))):
        await eventually(three_wait(stage))
        assert calls == [[1, 2, 3]]
        stage.clock.advance(61)
        await eventually(lambda: stage.passed("r"))
    assert calls == [[1, 2, 3], [1], [2], [3]]


def three_wait(stage: Any) -> Any:
    async def so() -> bool:
        place = await stage.place("r")
        return place is not None and place.waiting == 3

    return so


@pytest.mark.parametrize("nonsense", ["ok", [None], [None] * 9, {}, 3], ids=repr)
async def test_nonsense_for_a_batch_fails_all_of_it(
    stage: Any, eventually: Any, nonsense: Any
) -> None:
    calls: list[list[int]] = []
    await stage.append(3, node=own_node)
    async with stage.playing(stage.route("r", batching(calls, lambda events: nonsense))):
        await eventually(three_wait(stage))
    (attempt,) = await stage.inbox.attempts("id-0")
    assert "on_batch returned" in attempt.failure.message
    assert len(calls) == 1


async def test_types_with_a_hook_of_their_own_stay_out_of_batches(
    stage: Any, eventually: Any
) -> None:
    own: list[int] = []
    batched: list[int] = []

    class Mixed(Sink):
        @hookimpl
        def acme_thing_on(self, event: Event) -> None:
            own.append(event.seq)

        @hookimpl
        async def on_batch(self, events: list[Event]) -> None:
            batched.extend(event.seq for event in events)

    await stage.append(2, type="thing/on")
    await stage.append(2, type="thing/off")
    await stage.append(1, type="thing/unheard-of")
    async with stage.playing(stage.route("r", Mixed)):
        await eventually(lambda: stage.passed("r"))
    assert (own, batched) == ([1, 2], [3, 4, 5])


async def test_a_batch_takes_many_events_of_one_node_in_order(stage: Any, eventually: Any) -> None:
    calls: list[list[int]] = []
    await stage.append(250)
    route = stage.route("r", batching(calls, lambda events: None), batch=100)
    async with stage.playing(route):
        await eventually(lambda: stage.passed("r"))
    assert [seq for call in calls for seq in call] == list(range(1, 251))
    assert max(map(len, calls)) == 100


async def test_two_batches_under_way_never_have_events_of_one_node(
    stage: Any, eventually: Any
) -> None:
    running: set[str | None] = set()
    clashes: list[set[str | None]] = []

    class Slow(Sink):
        @hookimpl
        async def on_batch(self, events: list[Event]) -> None:
            mine = {event.node for event in events}
            clashes.extend([running & mine] if running & mine else [])
            running.update(mine)
            await asyncio.sleep(0.002)
            running.difference_update(mine)

    await stage.append(400, node=lambda n: f"n{n % 7}" if n % 3 else "hot")
    async with stage.playing(stage.route("r", Slow, batch=13, concurrency=4)):
        await eventually(lambda: stage.passed("r"))
    assert clashes == []


async def test_what_comes_after_a_failed_event_of_its_node_is_handed_over_again(
    stage: Any, eventually: Any
) -> None:
    """Though the sink took it: the last that its target hears of a node is the last there was."""
    calls: list[list[int]] = []

    def behave(events: list[Event]) -> list[bool]:
        return [event.seq != 2 or event.attempt > 1 for event in events]

    await stage.append(3)
    await stage.append(1, node=own_node)
    route = stage.route("r", batching(calls, behave), concurrency=1)
    async with stage.playing(route):
        await eventually(lambda: stage.inbox.attempts("id-1"))
        stage.clock.advance(10)
        await eventually(lambda: stage.passed("r"))
    assert calls == [[1, 2, 3, 4], [2], [3]]
