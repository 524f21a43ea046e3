"""Places on disk: what was delivered is not delivered again, what was not is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from receiver import Event, Reject, Retry, Sink, hookimpl
from receiver.inbox.sqlite import open_store


def recorder(seen: list[tuple[int, int]], behave: Any = lambda event: None) -> type[Sink]:
    class Recording(Sink):
        @hookimpl
        async def on_event(self, event: Event) -> None:
            seen.append((event.seq, event.attempt))
            behave(event)

    return Recording


async def reopened(stage: Any, path: Path) -> None:
    await stage.inbox.close()
    stage.inbox = open_store(path, durability="relaxed")


async def test_after_a_restart_only_what_was_not_delivered_is(
    stage: Any, eventually: Any, tmp_path: Path
) -> None:
    path = tmp_path / "inbox.db"
    await reopened(stage, path)
    first: list[tuple[int, int]] = []
    await stage.append(30, node=lambda n: f"n{n % 3}")
    async with stage.playing(stage.route("r", recorder(first))):
        await eventually(lambda: stage.passed("r"))
    await reopened(stage, path)
    second: list[tuple[int, int]] = []
    await stage.append(5)
    async with stage.playing(stage.route("r", recorder(second))):
        await eventually(lambda: stage.passed("r"))
    assert sorted(seq for seq, _ in first) == list(range(1, 31))
    assert [seq for seq, _ in second] == list(range(31, 36))
    await stage.inbox.close()


async def test_attempts_and_dead_letters_survive_a_restart(
    stage: Any, eventually: Any, tmp_path: Path
) -> None:
    def behave(event: Event) -> None:
        if event.seq == 1:
            raise Reject("never")
        if event.seq == 2 and event.attempt == 1:
            raise Retry("later", after=60)

    async def two_failures() -> bool:
        return bool(
            await stage.inbox.dead_letters()
            and await stage.inbox.attempts("id-1")
            and (await stage.place("r")).waiting == 1
        )

    path = tmp_path / "inbox.db"
    await reopened(stage, path)
    seen: list[tuple[int, int]] = []
    await stage.append(3, node=lambda n: f"n{n}")
    async with stage.playing(stage.route("r", recorder(seen, behave))):
        await eventually(two_failures)
    await reopened(stage, path)
    stage.clock.advance(61)
    async with stage.playing(stage.route("r", recorder(seen, behave))):
        await eventually(lambda: (2, 2) in seen)
        await eventually(lambda: stage.passed("r"))
    assert sorted(seen) == [(1, 1), (2, 1), (2, 2), (3, 1)]
    (letter,) = await stage.inbox.dead_letters()
    assert (letter.event.id, letter.failure.message) == ("id-0", "never")
    await stage.inbox.close()


async def test_a_call_that_was_cut_off_is_made_again_after_a_restart(
    stage: Any, eventually: Any, tmp_path: Path
) -> None:
    begun: list[int] = []

    class Endless(Sink):
        @hookimpl
        async def on_event(self, event: Event) -> None:
            begun.append(event.seq)
            await asyncio.sleep(3600)

    path = tmp_path / "inbox.db"
    await reopened(stage, path)
    await stage.append(20, node=lambda n: f"n{n}")
    async with stage.playing(stage.route("r", Endless, concurrency=2), grace=0.01):
        await eventually(lambda: len(begun) == 2)
    await reopened(stage, path)
    seen: list[tuple[int, int]] = []
    async with stage.playing(stage.route("r", recorder(seen))):
        await eventually(lambda: stage.passed("r"))
    assert sorted(seen) == [(seq, 1) for seq in range(1, 21)]
    await stage.inbox.close()


async def test_routes_over_one_file_have_places_of_their_own(
    stage: Any, eventually: Any, tmp_path: Path
) -> None:
    await reopened(stage, tmp_path / "inbox.db")

    async def twenty_failures() -> bool:
        found = {status.route: status.failed for status in await dispatcher.status()}
        return found["failing"] >= 20

    one: list[tuple[int, int]] = []
    two: list[tuple[int, int]] = []
    await stage.append(200, node=lambda n: f"n{n % 20}")
    routes = [
        stage.route("one", recorder(one)),
        stage.route("two", recorder(two), nodes=("n1",)),
        stage.route("failing", recorder([], lambda event: 1 / 0)),
    ]
    async with stage.playing(*routes) as dispatcher:
        await eventually(lambda: stage.passed("one"))
        await eventually(lambda: stage.passed("two"))
        await eventually(twenty_failures)
        statuses = {status.route: status for status in await dispatcher.status()}
    assert (len(one), len(two)) == (200, 10)
    assert statuses["one"].delivered == 200
    assert statuses["failing"].failed >= 20
    assert "ZeroDivisionError: division by zero" in statuses["failing"].last_error
    await stage.inbox.close()
