"""What authors of plugins import: events, a delivery, a server that records, a clock."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

import httpx
import pytest
from hypothesis import given, settings

from receiver import Event, Reject, Retry, Sink, hookimpl
from receiver.errors import PluginError
from receiver.testing import (
    Answer,
    HandClock,
    RecordingServer,
    RunningReceiver,
    deliver,
    delivering,
    every_event,
    sample_event,
    strategies,
)


class Moody(Sink):
    """Answer as the node says."""

    closed = False

    def close(self) -> None:
        self.closed = True

    @hookimpl
    async def gridx_appliance_online(self, event: Event[Any]) -> Any:
        match event.node:
            case "later":
                raise Retry("not now", after=60)
            case "never":
                raise Reject("not this one")
            case "odd":
                return "something"
            case "slow":
                await asyncio.sleep(60)
            case "exit":
                raise SystemExit(3)
        return None


def online(node: str) -> Event[Any]:
    return sample_event("appliance/online", {"data.applianceID": node})


@pytest.mark.parametrize(
    ("node", "outcome", "kind", "reason"),
    [
        ("fine", "delivered", "", ""),
        ("later", "retry", "retry", "not now"),
        ("never", "rejected", "reject", "not this one"),
        ("odd", "retry", "error", "the hook returned 'something'"),
        ("slow", "retry", "deadline", "longer than 0.2 s"),
        ("exit", "retry", "error", "3"),
    ],
)
def test_deliver_tells_what_a_route_would_make_of_an_answer(
    node: str, outcome: str, kind: str, reason: str
) -> None:
    sink = Moody()
    [result] = deliver(sink, [online(node)], deadline=0.2)
    assert (result.outcome, result.kind) == (outcome, kind)
    assert reason in result.reason
    assert result.after == (60 if node == "later" else None)
    assert sink.closed


def test_deliver_passes_over_what_the_sink_has_no_hook_for() -> None:
    [result] = deliver(Moody(), [sample_event("appliance/offline")])
    assert result.outcome == "passed over"


def test_deliver_takes_a_module_of_functions() -> None:
    module, seen = ModuleType("mine"), []

    @hookimpl
    def on_event(event: Event[Any]) -> None:
        seen.append(event.type)

    module.on_event = on_event  # type: ignore[attr-defined]
    deliver(module, [online("a"), online("b")])
    assert seen == ["appliance/online"] * 2


def test_deliver_hands_out_batches_and_tries_a_failed_one_one_by_one() -> None:
    class Batches(Sink):
        sizes: list[int]

        def open(self) -> None:
            self.sizes = []

        @hookimpl
        def on_batch(self, events: list[Event[Any]]) -> None:
            self.sizes.append(len(events))
            if any(event.node == "bad" for event in events):
                raise ValueError("one of them is bad")

    sink = Batches()
    results = deliver(sink, [online("a"), online("bad"), online("c")])
    assert [result.outcome for result in results] == ["delivered", "retry", "delivered"]
    assert sink.sizes == [3, 1, 1, 1]


def test_an_event_that_is_handed_over_twice_has_two_results() -> None:
    class Once(Sink):
        @hookimpl
        def on_event(self, event: Event[Any]) -> bool:
            first, self.seen = not hasattr(self, "seen"), True
            return first

    event = online("a")
    assert [result.outcome for result in deliver(Once(), [event, event])] == ["delivered", "retry"]


def test_a_sink_with_a_misspelt_hook_is_refused_before_it_opens() -> None:
    class Misspelt(Sink):
        @hookimpl
        def gridx_aplliance_online(self, event: Event[Any]) -> None: ...

    with pytest.raises(PluginError, match="did you mean gridx_appliance_online"):
        deliver(Misspelt(), [])


async def test_a_test_that_is_async_delivers_on_its_own_loop() -> None:
    async with delivering(Moody()) as sink:
        assert sink.takes(online("a"))
        assert [result.outcome for result in await sink.deliver([online("a")])] == ["delivered"]


def test_there_is_an_event_of_every_type(every_event: list[Event[Any]]) -> None:
    assert len({(event.source, event.type) for event in every_event}) == len(every_event) >= 40
    assert all(event.data is not None for event in every_event)
    assert [event.seq for event in every_event] == list(range(1, len(every_event) + 1))


@settings(max_examples=50, deadline=None)
@given(strategies.events())
def test_an_event_of_the_strategies_is_valid_json_in_a_whole_envelope(event: Event[Any]) -> None:
    assert json.loads(event.raw) == event.json()
    assert json.dumps(event.cloudevent())


@settings(max_examples=50, deadline=None)
@given(strategies.valid_events())
def test_a_valid_event_of_the_strategies_fits_its_model(event: Event[Any]) -> None:
    assert event.data is not None


def test_the_recording_server_answers_as_told_and_remembers(
    recording_server: RecordingServer,
) -> None:
    recording_server.answers.append(Answer(503, {"retry-after": "9"}, b"busy"))
    with httpx.Client(trust_env=False) as client:
        first = client.put(f"{recording_server.url}?q=1", json={"a": 1})
        second = client.post(recording_server.url, content=b"x")
    assert (first.status_code, first.headers["retry-after"], first.text) == (503, "9", "busy")
    assert second.status_code == 200
    recorded, last = recording_server.wait_for(2)
    assert (recorded.method, recorded.path, recorded.json()) == ("PUT", "/hook?q=1", {"a": 1})
    assert (last.method, last.body) == ("POST", b"x")
    with pytest.raises(RuntimeError, match="2 of 3 requests came"):
        recording_server.wait_for(3, seconds=0.01)


def test_the_recording_server_can_hang_up(recording_server: RecordingServer) -> None:
    recording_server.answer = Answer(hang_up=True)
    with httpx.Client(trust_env=False) as client, pytest.raises(httpx.RemoteProtocolError):
        client.get(recording_server.url)


def test_the_clock_rings_what_is_due_once_it_is_moved_on(hand_clock: HandClock) -> None:
    rung: list[str] = []
    start = hand_clock.now()
    hand_clock.at(start + timedelta(seconds=20), lambda: rung.append("second"))
    hand_clock.at(start + timedelta(seconds=10), lambda: rung.append("first"))
    hand_clock.at(start + timedelta(seconds=15), lambda: rung.append("never")).cancel()
    hand_clock.advance(9)
    assert rung == []
    hand_clock.advance(20)
    assert rung == ["first", "second"]
    assert hand_clock.time() == start.timestamp() + 29


def test_a_real_receiver_runs_as_long_as_the_test(
    run_receiver: Callable[..., RunningReceiver],
) -> None:
    receiver = run_receiver(plugins={"mine.py": PLUGIN})
    [answer] = receiver.send("appliance/online", "--set", 'data.applianceID="77"')
    assert answer["status"] == 200
    assert receiver.wait_for("77 is online")


PLUGIN = """
from receiver import hookimpl

@hookimpl
def gridx_appliance_online(event):
    print(f"{event.node} is online")
"""


def test_every_event_of_another_contract_is_asked_for_by_its_name() -> None:
    assert every_event("receiver.generated")[0].seq == 1


def test_every_public_name_is_there_and_listed_once() -> None:
    from receiver import testing

    assert sorted(testing.__all__) == testing.__all__
    assert set(testing._PLACES) == set(testing.__all__)
    assert all(
        getattr(testing, name).__module__.startswith("receiver.") for name in testing.__all__
    )


def test_pytest_loads_next_to_nothing_of_the_kit() -> None:
    code = "import sys, receiver.testing.fixtures; print('receiver.dispatch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
