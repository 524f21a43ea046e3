"""Replays: old events go the way of new ones, below them, and move no route's place."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from receiver import Event, Reject, Retry, Sink, hookimpl
from receiver.dispatch import orders
from receiver.errors import StoreError
from receiver.inbox import Query
from receiver.inbox.memory import MemoryInbox
from receiver.inbox.sqlite import open_store

Seen = list[tuple[int, int, bool]]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "LOOK_SECONDS", 0.01)


def recorder(seen: Seen, behave: Any = lambda event: None) -> type[Sink]:
    class Recording(Sink):
        @hookimpl
        async def on_event(self, event: Event) -> None:
            seen.append((event.seq, event.attempt, event.replay))
            behave(event)
            await asyncio.sleep(0)

    return Recording


@pytest.fixture
def ask(stage: Any) -> Any:
    """Asks for a replay of everything that is there, or of a range."""

    async def run(low: int = 0, high: int | None = None, **query: Any) -> int:
        end = (await stage.inbox.figures()).last_seq if high is None else high
        now = stage.clock.now()
        number: int = await stage.inbox.ask_replay("r", Query(**query), low=low, high=end, at=now)
        return number

    return run


@pytest.fixture
def state(stage: Any) -> Any:
    async def of(number: int) -> Any:
        [found] = [each for each in await stage.inbox.replays() if each.number == number]
        return found

    return of


async def is_(state: Any, number: int, wanted: str) -> bool:
    return bool((await state(number)).state == wanted)


async def test_replayed_events_are_marked_and_move_no_place(
    stage: Any, eventually: Any, ask: Any, state: Any
) -> None:
    seen: Seen = []
    await stage.append(6, node=lambda n: f"n{n % 2}")
    async with stage.playing(stage.route("r", recorder(seen))):
        await eventually(lambda: stage.passed("r"))
        before = await stage.place("r")
        seen.clear()
        number = await ask(low=1, high=5)
        await eventually(lambda: is_(state, number, "done"))
        assert await stage.place("r") == before
    assert sorted(seen) == [(seq, 1, True) for seq in range(2, 6)]
    done = await state(number)
    assert (done.delivered, done.failed, done.dead) == (4, 0, 0)


async def test_only_what_was_asked_for_and_what_the_route_wants_is_replayed(
    stage: Any, eventually: Any, ask: Any, state: Any
) -> None:
    seen: Seen = []
    await stage.append(2, type="thing/on")
    await stage.append(2, type="thing/off")
    await stage.append(1, type="thing/odd")
    route = stage.route("r", recorder(seen), events=("!thing/odd",))
    async with stage.playing(route):
        await eventually(lambda: stage.passed("r"))
        seen.clear()
        off = await ask(types=("*off", "*odd"))
        await eventually(lambda: is_(state, off, "done"))
        assert sorted(seen) == [(3, 1, True), (4, 1, True)]
        seen.clear()
        text = await ask(text='{"n":0}')
        await eventually(lambda: is_(state, text, "done"))
        assert seen == [(1, 1, True)]
        assert (await state(text)).delivered == 1


async def test_a_replayed_event_is_tried_again_and_given_up_like_any(
    stage: Any, eventually: Any, ask: Any, state: Any
) -> None:
    seen: Seen = []

    def behave(event: Event) -> None:
        if event.replay and event.seq == 1 and event.attempt == 1:
            raise Retry("later", after=60)
        if event.replay and event.seq == 2:
            raise Reject("never")

    await stage.append(3, node=lambda n: f"n{n}")
    async with stage.playing(stage.route("r", recorder(seen, behave))):
        await eventually(lambda: stage.passed("r"))
        number = await ask()
        await eventually(lambda: (3, 1, True) in seen)
        stage.clock.advance(120)
        await eventually(lambda: is_(state, number, "done"))
        [letter] = await stage.inbox.dead_letters()
    assert (letter.route, letter.event.seq) == ("r", 2)
    assert (1, 2, True) in seen
    done = await state(number)
    assert (done.delivered, done.failed, done.dead) == (2, 2, 1)


async def test_new_events_go_before_old_ones(stage: Any, eventually: Any, ask: Any) -> None:
    seen: Seen = []
    await stage.append(2_000, node=lambda n: f"n{n}")
    route = stage.route("r", recorder(seen), concurrency=1, batch=1)
    async with stage.playing(route):
        await eventually(lambda: stage.passed("r"))
        seen.clear()
        await ask()
        await eventually(lambda: len(seen) > 50)
        await stage.append(1)
        begun = len(seen)
        await eventually(lambda: (2_001, 1, False) in seen)
    behind = seen.index((2_001, 1, False)) - begun
    assert behind < 1_500


async def test_a_replay_can_be_halted_resumed_and_cancelled(
    stage: Any, eventually: Any, ask: Any, state: Any
) -> None:
    seen: Seen = []
    gate = asyncio.Event()

    class Slow(Sink):
        @hookimpl
        async def on_event(self, event: Event) -> None:
            if event.replay:
                await gate.wait()
            seen.append((event.seq, event.attempt, event.replay))

    await stage.append(200, node=lambda n: f"n{n}")
    async with stage.playing(stage.route("r", Slow, concurrency=2, batch=1)) as dispatcher:
        await eventually(lambda: stage.passed("r"))
        seen.clear()
        number = await ask()
        await eventually(lambda: dispatcher.statuses()[0].in_flight > 0)
        await stage.inbox.turn_replay(number, "halted", at=stage.clock.now())
        await asyncio.sleep(20 * orders.LOOK_SECONDS)
        gate.set()
        await eventually(lambda: dispatcher.statuses()[0].in_flight == 0)
        halted_at = len(seen)
        assert 0 < halted_at < 200
        await stage.inbox.turn_replay(number, "running", at=stage.clock.now())
        await eventually(lambda: is_(state, number, "done"))
        assert sorted(seq for seq, _, _ in seen) == list(range(1, 201))
        gate.clear()
        other = await ask()
        await eventually(lambda: dispatcher.statuses()[0].in_flight > 0)
        await stage.inbox.turn_replay(other, "cancelled", at=stage.clock.now())
        await asyncio.sleep(20 * orders.LOOK_SECONDS)
        gate.set()
        await eventually(lambda: dispatcher.statuses()[0].in_flight == 0)
        await stage.append(1)
        await eventually(lambda: (201, 1, False) in seen)
    assert (await state(other)).state == "cancelled"


async def test_a_replay_goes_on_after_a_restart_and_delivers_everything(
    stage: Any, eventually: Any, ask: Any, state: Any, tmp_path: Path
) -> None:
    path = tmp_path / "inbox.db"
    await stage.inbox.close()
    stage.inbox = open_store(path, durability="relaxed")
    seen: Seen = []
    await stage.append(3_000, node=lambda n: f"n{n % 50}")
    async with stage.playing(stage.route("r", recorder(seen))):
        await eventually(lambda: stage.passed("r"))
        seen.clear()
        number = await ask()
        await eventually(lambda: len(seen) > 300)
    assert (await state(number)).state == "running"
    await stage.inbox.close()
    stage.inbox = open_store(path, durability="relaxed")
    stopped = len(seen)
    async with stage.playing(stage.route("r", recorder(seen))):
        await eventually(lambda: is_(state, number, "done"))
    assert {seq for seq, _, _ in seen} == set(range(1, 3_001))
    assert len(seen) < 3_000 + stopped
    await stage.inbox.close()


class Flaky(MemoryInbox):
    """A store that fails whenever a replay is about to begin, for a while."""

    failures = 3

    async def attend(self, replay: Any, *, ordered: bool, max_exceptions: int) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreError("not now")
        await super().attend(replay, ordered=ordered, max_exceptions=max_exceptions)


async def test_a_store_that_fails_for_a_replay_costs_no_new_event(
    new_stage: Any, eventually: Any
) -> None:
    seen: Seen = []
    stage = new_stage(Flaky())
    await stage.append(3)
    async with stage.playing(stage.route("r", recorder(seen))):
        await eventually(lambda: stage.passed("r"))
        await stage.inbox.ask_replay("r", Query(), low=0, high=3, at=stage.clock.now())
        while stage.inbox.failures:
            await stage.append(1)
            await asyncio.sleep(0.02)
        await eventually(lambda: stage.passed("r"))
        await eventually(lambda: (3, 1, True) in seen)
        last = (await stage.inbox.figures()).last_seq
    live = sorted(seq for seq, _, replay in seen if not replay)
    assert live == list(range(1, last + 1))
    await stage.inbox.close()
