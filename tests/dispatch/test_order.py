"""Order per node, places that survive a restart, and what happens at the end."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from receiver import Event, Reject, Retry, Sink, hookimpl
from receiver.backoff import listed
from receiver.dispatch import Dispatcher
from receiver.errors import StoreError
from receiver.inbox.memory import MemoryInbox
from receiver.inbox.sqlite import open_store


def recorder(seen: list[tuple[str | None, int]], behave: Any = None) -> type[Sink]:
    class Recording(Sink):
        @hookimpl
        async def on_event(self, event: Event) -> Any:
            await asyncio.sleep(0 if event.seq % 3 else 0.001)
            if behave is not None:
                behave(event)
            seen.append((event.node, event.seq))

    return Recording


async def test_events_of_a_node_are_delivered_in_order(stage: Any, eventually: Any) -> None:
    seen: list[tuple[str | None, int]] = []
    await stage.append(300, node=lambda n: f"n{n % 5}")
    async with stage.playing(stage.route("r", recorder(seen))):
        await eventually(lambda: stage.passed("r"))
    per_node = defaultdict(list)
    for node, seq in seen:
        per_node[node].append(seq)
    assert len(seen) == 300
    assert all(seqs == sorted(seqs) for seqs in per_node.values())


async def test_a_failing_event_holds_back_its_own_node_only(stage: Any, eventually: Any) -> None:
    seen: list[tuple[str | None, int]] = []

    def behave(event: Event) -> None:
        if event.seq == 1 and event.attempt < 3:
            raise Retry

    await stage.append(20, node=lambda n: f"n{n % 2}")
    async with stage.playing(stage.route("r", recorder(seen, behave))):
        await eventually(lambda: len(seen) == 10)
        assert {node for node, _ in seen} == {"n1"}
        for failed, seconds in ((1, 5), (2, 300)):
            await eventually(waiting_after(stage, failed))
            stage.clock.advance(seconds)
        await eventually(lambda: stage.passed("r"))
    assert [seq for node, seq in seen if node == "n0"] == list(range(1, 20, 2))


def waiting_after(stage: Any, attempts: int) -> Any:
    async def one() -> bool:
        made = await stage.inbox.attempts("id-0")
        return len(made) == attempts and (await stage.place("r")).waiting == 1

    return one


async def test_a_dead_letter_lets_its_node_go_on(stage: Any, eventually: Any) -> None:
    seen: list[tuple[str | None, int]] = []

    def behave(event: Event) -> None:
        if event.seq == 1:
            raise Reject("no")

    await stage.append(5)
    async with stage.playing(stage.route("r", recorder(seen, behave))):
        await eventually(lambda: stage.passed("r"))
    assert [seq for _, seq in seen] == [2, 3, 4, 5]
    assert len(await stage.inbox.dead_letters()) == 1


async def test_without_order_nothing_is_held_back(stage: Any, eventually: Any) -> None:
    seen: list[tuple[str | None, int]] = []

    def behave(event: Event) -> None:
        if event.seq == 1:
            raise Retry

    await stage.append(5)
    async with stage.playing(stage.route("r", recorder(seen, behave), ordered=False)):
        await eventually(lambda: len(seen) == 4)


async def test_a_place_survives_a_restart(stage: Any, eventually: Any) -> None:
    seen: list[tuple[str | None, int]] = []
    route = stage.route("r", recorder(seen))
    await stage.append(50, node=lambda n: f"n{n}")
    async with stage.playing(route):
        await eventually(lambda: stage.passed("r"))
    await stage.append(10)
    async with stage.playing(route):
        await eventually(lambda: stage.passed("r"))
    assert sorted(seq for _, seq in seen) == list(range(1, 61))


async def test_a_route_takes_what_its_patterns_and_its_hooks_want(
    stage: Any, eventually: Any
) -> None:
    seen: list[str] = []

    class Choosy(Sink):
        @hookimpl
        def acme_thing_on(self, event: Event) -> None:
            seen.append(event.id)

        @hookimpl
        def acme_thing_off(self, event: Event) -> None:
            seen.append(event.id)

    await stage.append(2, type="thing/on")
    await stage.append(2, type="thing/off")
    await stage.append(2, type="thing/odd")
    await stage.append(1, type="thing/unheard-of")
    await stage.append(1, node=lambda n: "other")
    route = stage.route("r", Choosy, events=("thing/*", "!thing/off"), nodes=("n?",))
    async with stage.playing(route):
        await eventually(lambda: stage.passed("r"))
    assert seen == ["id-0", "id-1"]


async def test_a_hook_gets_the_event_as_it_was_kept(stage: Any, eventually: Any) -> None:
    seen: list[Event] = []

    class Keeping(Sink):
        @hookimpl
        def on_event(self, event: Event) -> None:
            seen.append(event)

    await stage.append(1)
    async with stage.playing(stage.route("r", Keeping)):
        await eventually(lambda: seen)
    event = seen[0]
    assert (event.seq, event.id, event.type, event.node, event.attempt) == (
        1,
        "id-0",
        "thing/on",
        "n1",
        1,
    )
    assert event.raw == b'{"n":0}'
    assert event.data == {"n": 0}


async def test_stopping_waits_for_calls_under_way_and_settles_them(
    stage: Any, eventually: Any
) -> None:
    begun: list[int] = []
    ended: list[int] = []

    class Slow(Sink):
        @hookimpl
        async def on_event(self, event: Event) -> None:
            begun.append(event.seq)
            await asyncio.sleep(0.1)
            ended.append(event.seq)

    await stage.append(40, node=lambda n: f"n{n}")
    async with stage.playing(stage.route("r", Slow, concurrency=4)):
        await eventually(lambda: len(begun) == 4)
    assert sorted(ended) == sorted(begun)
    assert (await stage.place("r")).position == 4


async def test_stopping_ends_a_call_that_takes_longer_than_the_grace(
    stage: Any, eventually: Any
) -> None:
    begun: list[int] = []

    class Endless(Sink):
        @hookimpl
        async def on_event(self, event: Event) -> None:
            begun.append(event.seq)
            await asyncio.sleep(3600)

    await stage.append(1)
    route = stage.route("r", Endless, deadline=3600.0)
    async with asyncio.timeout(40), stage.playing(route, grace=0.05):
        await eventually(lambda: begun)
    assert (await stage.place("r")).position == 0


class FailingInbox(MemoryInbox):
    """A store that is gone for a while."""

    gone = False

    def _must_be_open(self) -> None:
        if self.gone:
            raise StoreError("no space left on device")
        super()._must_be_open()


async def test_a_store_that_fails_for_a_while_loses_nothing(stage: Any, eventually: Any) -> None:
    seen: list[tuple[str | None, int]] = []
    stage.inbox = FailingInbox()
    await stage.append(100, node=lambda n: f"n{n % 10}")
    async with stage.playing(stage.route("r", recorder(seen))) as dispatcher:
        await eventually(lambda: len(seen) > 10)
        stage.inbox.gone = True
        await eventually(lambda: dispatcher.statuses()[0].last_error)
        (status,) = await dispatcher.status()
        assert "no space left on device" in (status.last_error or "")
        assert status.lag is None
        stage.inbox.gone = False
        await eventually(lambda: stage.passed("r"))
    assert sorted(seq for _, seq in seen) == list(range(1, 101))


async def test_an_idle_route_asks_the_store_for_nothing(
    stage: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Asked(MemoryInbox):
        async def claim(self, route: str, n: int, **more: Any) -> Any:
            asked.append(route)
            return await super().claim(route, n, **more)

    stage.inbox = Asked()
    seen: list[tuple[str | None, int]] = []
    await stage.append(3)
    async with stage.playing(stage.route("r", recorder(seen))):
        await eventually(lambda: stage.passed("r"))
        await asyncio.sleep(0.05)
        before = len(asked)
        await asyncio.sleep(0.2)
        assert len(asked) == before


@pytest.mark.parametrize("batch", [False, True])
async def test_ten_thousand_events_of_a_thousand_nodes_with_failures_are_never_out_of_order(
    tmp_path: Path, new_stage: Any, eventually: Any, batch: bool
) -> None:
    """Every tenth attempt fails. 100,000 of them: `python benchmarks/delivery.py order`."""
    chance = random.Random(4)
    seen: dict[str | None, list[int]] = defaultdict(list)

    def take(event: Event) -> bool:
        if chance.random() < 0.1:
            return False
        seen[event.node].append(event.seq)
        return True

    class One(Sink):
        @hookimpl
        async def on_event(self, event: Event) -> bool:
            return take(event)

    class Many(Sink):
        @hookimpl
        async def on_batch(self, events: list[Event]) -> list[bool]:
            failed: set[str | None] = set()
            outcomes = []
            for event in events:
                outcomes.append(event.node not in failed and take(event))
                if not outcomes[-1]:
                    failed.add(event.node)
            return outcomes

    inbox = open_store(tmp_path / "inbox.db", durability="relaxed")
    stage = new_stage(inbox)
    route = stage.route("r", Many if batch else One, schedule=listed([0.01] * 30))
    dispatcher = Dispatcher(inbox, stage.catalogue, [route])
    await dispatcher.register()
    await stage.append(10_000, node=lambda n: f"n{n % 1000}")
    running = asyncio.create_task(dispatcher.run())
    await eventually(lambda: dispatcher.statuses()[0].delivered == 10_000, 60.0)
    await dispatcher.stop()
    await running
    [place] = await inbox.places()
    await inbox.close()
    assert (place.position, place.waiting, place.held, place.dead) == (10_000, 0, 0, 0)
    assert sorted(seq for seqs in seen.values() for seq in seqs) == list(range(1, 10_001))
    assert all(seqs == sorted(seqs) for seqs in seen.values())
