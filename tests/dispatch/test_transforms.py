"""Transforms: in their order, before the sink, and nothing gets past one that fails."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from receiver import Event, Retry, Sink, hookimpl
from receiver.backoff import listed
from receiver.dispatch import Transform
from receiver.plugins import Plugin


def transform(name: str, call: Any, *, asynchronous: bool = False) -> Transform:
    class Plain(Sink):
        @hookimpl
        def transform(self, event: Event, route: str) -> Any:
            return call(event)

    class Async(Sink):
        @hookimpl
        async def transform(self, event: Event) -> Any:
            await asyncio.sleep(0)
            return call(event)

    loaded = Async if asynchronous else Plain
    return Transform(name=name, plugin=Plugin(name, f"{name} of a test", lambda: loaded))


def marking(mark: str, *, asynchronous: bool = False) -> Transform:
    def call(event: Event) -> Event:
        payload = event.json()
        return event.carrying({**payload, "marks": [*payload.get("marks", []), mark]})

    return transform(mark, call, asynchronous=asynchronous)


def sink(seen: list[Any], *, batch: bool = False) -> type[Sink]:
    class Single(Sink):
        @hookimpl
        def on_event(self, event: Event) -> None:
            seen.append(event)

    class Batch(Sink):
        @hookimpl
        async def on_batch(self, events: list[Event]) -> None:
            seen.extend(events)

    return Batch if batch else Single


@pytest.mark.parametrize("batch", [False, True])
async def test_transforms_are_called_in_the_order_in_which_the_route_names_them(
    stage: Any, eventually: Any, batch: bool
) -> None:
    seen: list[Event] = []
    marks = (marking("a"), marking("b", asynchronous=True), marking("c"))
    await stage.append(40, node=lambda n: f"n{n % 4}")
    async with stage.playing(stage.route("r", sink(seen, batch=batch), transforms=marks)):
        await eventually(lambda: stage.passed("r"))
    assert {tuple(event.data["marks"]) for event in seen} == {("a", "b", "c")}
    assert {b'"marks":["a","b","c"]' in event.raw for event in seen} == {True}
    assert all(event.cloudevent()["data"] == event.json() for event in seen)
    for node in range(4):
        mine = [event.seq for event in seen if event.node == f"n{node}"]
        assert mine == sorted(mine)


async def test_what_a_transform_drops_is_recorded_and_holds_up_nobody(
    stage: Any, eventually: Any
) -> None:
    seen: list[Event] = []
    odd = transform("no-odd", lambda event: event if event.seq % 2 else None)
    await stage.append(10)
    async with stage.playing(stage.route("r", sink(seen), transforms=(odd,))):
        await eventually(lambda: stage.passed("r"))
        await eventually(lambda: len(seen) == 5)
    assert [event.seq for event in seen] == [1, 3, 5, 7, 9]
    [closing] = await stage.inbox.closings(2)
    assert (closing.kind, closing.why) == ("dropped", "transform no-odd")
    assert await stage.inbox.closings(1) == []


def raising(event: Event) -> Any:
    raise RuntimeError("cannot tell")


@pytest.mark.parametrize(
    "broken",
    [
        raising,
        lambda event: "not an event",
        lambda event: {**event.json()},
        lambda event: Event(**{**fields(event), "id": "another"}),
        lambda event: (_ for _ in ()).throw(SystemExit(0)),
        lambda event: (_ for _ in ()).throw(Retry("soon", after=3)),
    ],
    ids=["raises", "text", "dict", "another event", "exits", "retries"],
)
@pytest.mark.parametrize("asynchronous", [False, True])
async def test_nothing_gets_past_a_transform_that_fails(
    stage: Any, eventually: Any, broken: Any, asynchronous: bool
) -> None:
    seen: list[Event] = []
    works = [False]

    def call(event: Event) -> Any:
        return event.carrying({"clean": True}) if works[0] else broken(event)

    chain = (marking("first"), transform("broken", call, asynchronous=asynchronous))
    route = stage.route("r", sink(seen), transforms=chain, schedule=listed([10, 10]))
    await stage.append(3)
    async with stage.playing(route):
        await eventually(lambda: stage.inbox.attempts("id-0"))
        assert seen == []
        works[0] = True

        async def moved_on() -> bool:
            stage.clock.advance(20)
            return bool(await stage.passed("r"))

        await eventually(moved_on)
    assert [(event.seq, event.raw) for event in seen] == [
        (seq, b'{"clean":true}') for seq in (1, 2, 3)
    ]


def fields(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in Event.__struct_fields__}


async def test_a_transform_that_never_works_ends_in_dead_letters_not_in_the_sink(
    stage: Any, eventually: Any
) -> None:
    seen: list[Event] = []
    chain = (transform("broken", raising),)
    route = stage.route("r", sink(seen), transforms=chain, schedule=listed([]))
    await stage.append(2)
    async with stage.playing(route):
        await eventually(lambda: stage.passed("r"))
    letters = await stage.inbox.dead_letters()
    assert [letter.failure.message for letter in letters] == ["cannot tell"] * 2
    assert "raising" in letters[0].failure.traceback
    assert seen == []


async def test_a_transform_may_not_leave_its_own_data_behind_an_older_payload(
    stage: Any, eventually: Any
) -> None:
    seen: list[Event] = []

    def call(event: Event) -> Event:
        other = event.carrying({"n": "clean"})
        vars(other)["data"] = {"n": "secret"}
        return other

    await stage.append(1)
    async with stage.playing(stage.route("r", sink(seen), transforms=(transform("t", call),))):
        await eventually(lambda: stage.passed("r"))
    assert seen[0].data == {"n": "clean"}


async def test_a_plugin_without_transform_breaks_the_route_and_nothing_passes(
    stage: Any, eventually: Any
) -> None:
    seen: list[Event] = []
    plugin = Plugin("other", "a test", lambda: sink([]))
    chain = (Transform(name="other", plugin=plugin),)
    await stage.append(1)
    async with stage.playing(stage.route("r", sink(seen), transforms=chain)):
        await eventually(lambda: stage.dispatcher.statuses()[0].state == "broken")
    assert "no hook `transform`" in stage.dispatcher.statuses()[0].last_error
    assert seen == []
