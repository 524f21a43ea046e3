"""Routes that get another name while they deliver: nothing is lost, nothing is out of order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from receiver import Event, Sink, hookimpl
from receiver.backoff import listed
from receiver.dispatch import Dispatcher
from receiver.errors import ConfigError


def taking(seen: list[int], gate: asyncio.Event | None = None) -> type[Sink]:
    class Taking(Sink):
        @hookimpl
        async def on_event(self, event: Event) -> Any:
            if gate is not None:
                await gate.wait()
            seen.append(event.seq)

    return Taking


async def test_a_route_that_is_renamed_while_it_runs_goes_on_where_it_was(
    stage: Any, eventually: Any
) -> None:
    seen: list[int] = []
    go = asyncio.Event()
    old = stage.route("old", taking(seen, go), concurrency=1)
    await stage.append(6)
    async with stage.playing(old) as dispatcher:
        await eventually(lambda: dispatcher.statuses()[0].in_flight == 6)
        await dispatcher.update([replace(old, name="new", was="old")])
        await stage.append(4)
        go.set()
        await eventually(lambda: stage.passed("new"))
        assert [place.route for place in await stage.inbox.places()] == ["new"]
    assert seen == list(range(1, 11))


async def test_what_waits_for_its_next_attempt_waits_under_the_new_name(
    stage: Any, eventually: Any
) -> None:
    tries: list[int] = []

    class Failing(Sink):
        @hookimpl
        async def on_event(self, event: Event) -> bool:
            tries.append(event.attempt)
            return event.attempt > 1

    old = stage.route("old", Failing, schedule=listed([10]))
    await stage.append(1)
    async with stage.playing(old) as dispatcher:
        await eventually(lambda: stage.inbox.attempts("id-0"))
        await dispatcher.update([replace(old, name="new", was="old")])
        await eventually(lambda: stage.place("new"))
        stage.clock.advance(20)
        await eventually(lambda: stage.passed("new"))
    assert tries == [1, 2]


async def test_a_rename_between_two_runs_is_made_before_anything_is_claimed(
    stage: Any, eventually: Any
) -> None:
    seen: list[int] = []
    old = stage.route("old", taking(seen))
    await stage.append(3)
    async with stage.playing(old):
        await eventually(lambda: stage.passed("old"))
    await stage.append(3)
    async with stage.playing(replace(old, name="new", was="old", start="end")):
        await eventually(lambda: stage.passed("new"))
    assert seen == [1, 2, 3, 4, 5, 6]


async def test_a_preparation_beside_one_who_delivers_renames_nothing_and_begins_nothing(
    stage: Any, eventually: Any
) -> None:
    seen: list[int] = []
    old = stage.route("old", taking(seen))
    new = replace(old, name="new", was="old", start="end")
    async with stage.playing(old):
        await eventually(lambda: stage.place("old"))
        await Dispatcher(stage.inbox, stage.catalogue, [new]).register(renaming=False)
        await stage.append(2)
        await eventually(lambda: stage.passed("old"))
        assert await stage.place("new") is None
    async with stage.playing(new):
        await stage.append(1)
        await eventually(lambda: stage.passed("new"))
    assert seen == [1, 2, 3]


async def test_a_name_that_no_route_had_is_refused_and_changes_nothing(
    stage: Any, eventually: Any
) -> None:
    """Begun at the end instead, the route would leave out what the misspelt one had before it."""
    seen: list[int] = []
    old = stage.route("old", taking(seen))
    async with stage.playing(old) as dispatcher:
        await eventually(lambda: stage.place("old"))
        with pytest.raises(ConfigError, match="was = 'odl', but there has been no such route"):
            await dispatcher.update([replace(old, name="new", was="odl")])
        await stage.append(1)
        await eventually(lambda: stage.passed("old"))
    assert [place.route for place in await stage.inbox.places()] == ["old"]


async def test_a_name_that_was_taken_over_may_stay_in_the_configuration(
    stage: Any, eventually: Any
) -> None:
    seen: list[int] = []
    route = stage.route("new", taking(seen), was="old")
    for _ in range(2):  # a new store, and one that knows the route
        async with stage.playing(route):
            await stage.append(1)
            await eventually(lambda: stage.passed("new"))
    assert seen == [1, 2]
