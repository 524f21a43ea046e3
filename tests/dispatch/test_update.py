"""Routes that are added, changed and removed while others deliver."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from receiver import Event, Sink, hookimpl
from receiver.errors import ConfigError
from receiver.inbox.sqlite import open_store


class Recorder:
    """A sink's class and what its instances were given."""

    def __init__(self, gate: asyncio.Event | None = None) -> None:
        self.seen: list[int] = []
        self.opened = self.closed = 0
        outer = self

        class Recording(Sink):
            async def open(self) -> None:
                outer.opened += 1

            async def close(self) -> None:
                outer.closed += 1

            @hookimpl
            async def on_event(self, event: Event) -> None:
                if gate is not None:
                    await gate.wait()
                outer.seen.append(event.seq)

        self.sink = Recording


async def test_an_added_route_begins_at_the_end_and_delivers(stage: Any, eventually: Any) -> None:
    old, new = Recorder(), Recorder()
    one, two = stage.route("one", old.sink), stage.route("two", new.sink)
    async with stage.playing(one) as dispatcher:
        await stage.append(3)
        await eventually(lambda: stage.passed("one"))
        await dispatcher.update([one, two])
        await stage.append(2)
        await eventually(lambda: len(new.seen) == 2)
        await eventually(lambda: stage.passed("one"))
    assert (old.seen, new.seen) == ([1, 2, 3, 4, 5], [4, 5])
    assert (old.opened, old.closed) == (1, 1), "an unchanged route is not touched"


async def test_a_removed_route_keeps_its_place(stage: Any, eventually: Any) -> None:
    kept, gone = Recorder(), Recorder()
    one, two = stage.route("one", kept.sink), stage.route("two", gone.sink)
    async with stage.playing(one, two) as dispatcher:
        await stage.append(2)
        await eventually(lambda: len(gone.seen) == 2)
        await dispatcher.update([one])
        await eventually(lambda: gone.closed == 1)
        await stage.append(3)
        await eventually(lambda: len(kept.seen) == 5)
        assert gone.seen == [1, 2]
        assert [status.route for status in await dispatcher.status()] == ["one"]
        await dispatcher.update([one, two])
        await eventually(lambda: len(gone.seen) == 5)
    assert gone.seen == [1, 2, 3, 4, 5]


async def test_a_changed_route_takes_over_when_the_calls_under_way_have_ended(
    stage: Any, eventually: Any
) -> None:
    gate = asyncio.Event()
    before, after = Recorder(gate), Recorder()
    one = stage.route("one", before.sink, concurrency=1)
    async with stage.playing(one) as dispatcher:
        await stage.append(4)
        await eventually(lambda: dispatcher.statuses()[0].in_flight)
        await dispatcher.update([stage.route("one", after.sink)])
        await asyncio.sleep(0.05)
        assert after.seen == [], "two sinks of one route never run at once"
        gate.set()
        await eventually(lambda: len(after.seen) == 3)
    assert (before.seen, after.seen) == ([1], [2, 3, 4])


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_what_a_changed_route_left_undone_is_delivered_by_its_successor(
    stage: Any, eventually: Any, tmp_path: Path, kind: str
) -> None:
    if kind == "sqlite":
        await stage.inbox.close()
        stage.inbox = open_store(tmp_path / "inbox.db", durability="relaxed")
    never = asyncio.Event()
    before, after = Recorder(never), Recorder()
    async with stage.playing(stage.route("one", before.sink, deadline=60.0)) as dispatcher:
        dispatcher._grace = 0.1
        await stage.append(6, node=lambda n: f"n{n % 2}")
        await eventually(lambda: dispatcher.statuses()[0].in_flight)
        await dispatcher.update([stage.route("one", after.sink)])
        await eventually(lambda: len(after.seen) == 6)
        await eventually(lambda: stage.passed("one"))
    assert before.seen == []
    assert sorted(after.seen) == [1, 2, 3, 4, 5, 6]


async def test_several_changes_while_a_call_runs_end_in_the_last(
    stage: Any, eventually: Any
) -> None:
    gate = asyncio.Event()
    slow, skipped, last = Recorder(gate), Recorder(), Recorder()
    async with stage.playing(stage.route("one", slow.sink)) as dispatcher:
        await stage.append(1)
        await eventually(lambda: dispatcher.statuses()[0].in_flight)
        await dispatcher.update([stage.route("one", skipped.sink)])
        await dispatcher.update([])
        await dispatcher.update([stage.route("one", last.sink)])
        gate.set()
        await stage.append(1)
        await eventually(lambda: last.seen == [2])
    assert (slow.seen, skipped.seen) == ([1], [])


async def test_a_broken_route_works_when_it_is_changed(stage: Any, eventually: Any) -> None:
    class Broken(Sink):
        @hookimpl
        def acme_thing_onn(self, event: Event) -> None: ...

    good = Recorder()
    async with stage.playing(stage.route("one", Broken)) as dispatcher:
        await stage.append(2)

        async def broken() -> bool:
            return (await dispatcher.status())[0].state == "broken"

        await eventually(broken)
        await dispatcher.update([stage.route("one", good.sink)])
        await eventually(lambda: good.seen == [1, 2])


async def test_two_routes_of_one_name_change_nothing(stage: Any, eventually: Any) -> None:
    seen = Recorder()
    one = stage.route("one", seen.sink)
    async with stage.playing(one) as dispatcher:
        with pytest.raises(ConfigError, match="two routes are called one"):
            await dispatcher.update([one, replace(one, batch=5)])
        await stage.append(1)
        await eventually(lambda: seen.seen == [1])


async def test_routes_that_are_changed_at_the_end_do_not_begin(stage: Any, eventually: Any) -> None:
    late = Recorder()
    async with stage.playing() as dispatcher:
        pass
    await dispatcher.update([stage.route("late", late.sink)])
    await stage.append(1)
    await asyncio.sleep(0.05)
    assert (late.opened, late.seen) == (0, [])
