"""Whatever a sink does, in whatever order: each event is delivered or a dead letter, in order."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receiver import Event, Reject, Retry, Sink, hookimpl
from receiver.backoff import listed

BEHAVIOURS: dict[str, Any] = {
    "deliver": lambda: None,
    "false": lambda: False,
    "nonsense": lambda: "nonsense",
    "retry": Retry("later", after=30),
    "reject": Reject("never"),
    "error": ValueError("oh"),
    "exit": SystemExit(0),
}
KINDS = ("async", "plain", "batch")


def act(choice: str) -> Any:
    behaviour = BEHAVIOURS[choice]
    if isinstance(behaviour, BaseException):
        raise behaviour
    return behaviour()


def sink_of(kind: str, plan: dict[int, list[str]], delivered: list[tuple[int, str | None]]) -> Any:
    def call(event: Event) -> Any:
        choices = plan.get(event.seq, [])
        result = act(choices.pop(0) if choices else "deliver")
        if result is None:
            delivered.append((event.seq, event.node))
        return result

    class Async(Sink):
        @hookimpl
        async def on_event(self, event: Event) -> Any:
            await asyncio.sleep(0)
            return call(event)

    class Plain(Sink):
        @hookimpl
        def on_event(self, event: Event) -> Any:
            return call(event)

    class Batch(Sink):
        @hookimpl
        async def on_batch(self, events: list[Event]) -> Any:
            outcomes: list[Any] = []
            failed: set[str] = set()  # nodes of which an event is to be tried again
            for event in events:
                try:
                    outcomes.append(False if event.node in failed else call(event))
                except BaseException as error:
                    outcomes.append(error)
                ended = outcomes[-1] is None or isinstance(outcomes[-1], Reject)
                if event.node is not None and not ended:
                    failed.add(event.node)
            return outcomes

    return {"async": Async, "plain": Plain, "batch": Batch}[kind]


@pytest.mark.parametrize("kind", KINDS)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.sampled_from([None, "a", "b"]), min_size=1, max_size=12),
    st.dictionaries(
        st.integers(1, 12), st.lists(st.sampled_from(sorted(BEHAVIOURS)), max_size=4), max_size=8
    ),
)
def test_each_event_is_delivered_or_dead_and_nodes_are_in_order(
    new_stage: Any, eventually: Any, kind: str, nodes: list[str | None], plan: dict[int, list[str]]
) -> None:
    async def play() -> None:
        stage = new_stage()
        delivered: list[tuple[int, str | None]] = []

        async def moved_on() -> bool:
            stage.clock.advance(200)
            return bool(await stage.passed("r"))

        await stage.append(len(nodes), node=lambda n: nodes[n])
        sink = sink_of(kind, {seq: list(choices) for seq, choices in plan.items()}, delivered)
        async with stage.playing(stage.route("r", sink, schedule=listed([10, 20, 40]))):
            await eventually(moved_on)
        dead = [letter.event.seq for letter in await stage.inbox.dead_letters()]
        assert sorted([*dead, *(seq for seq, _ in delivered)]) == list(range(1, len(nodes) + 1))
        per_node = defaultdict(list)
        for seq, node in delivered:
            per_node[node].append(seq)
        per_node.pop(None, None)
        assert all(seqs == sorted(seqs) for seqs in per_node.values())

    asyncio.run(play())
