"""A receiver that pulls from a queue: killed in between, it loses nothing and repeats nothing."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from receiver.testing import RunningReceiver
from receiver.testing.looking import looked


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.05)


@pytest.fixture
def receiver(settings: dict[str, Any], tmp_path: Path) -> Iterator[RunningReceiver]:
    told = {**settings, "wait": 1, "visibility": 2, "secret_key": "env:SQS_SECRET"}
    lines = [f"{name} = {json.dumps(value)}" for name, value in told.items()]
    config = "\n".join(["[sources.solarnetwork.pull.hooks]", 'transport = "sqs"', *lines, ""])
    receiver = RunningReceiver(
        tmp_path, config=config, environ={"SQS_SECRET": settings["secret_key"]}
    )
    yield receiver
    receiver.stop()


def events(receiver: RunningReceiver, *command: str) -> list[dict[str, Any]]:
    listed = receiver.run(*command, "list", "--json", "--limit", "500")
    found: list[dict[str, Any]] = json.loads(listed.stdout)
    return found


def test_solarnetworks_events_come_in_and_equal_ones_come_again(
    receiver: RunningReceiver, queue: Any, datum: Any
) -> None:
    queue.send(datum(0), datum(0), datum(1), "poison")
    receiver.start()
    until(lambda: queue.counts() == (0, 0))
    found = events(receiver, "events")
    assert sorted(event["node"] for event in found) == ["456", "456", "457"]
    assert {event["time"] for event in found} == {"2026-01-01T00:00:00Z"}
    assert len(events(receiver, "quarantine")) == 1


def test_killed_in_between_it_neither_loses_an_event_nor_delivers_it_twice(
    receiver: RunningReceiver, queue: Any, datum: Any
) -> None:
    for number in range(60):
        queue.send(datum(number))
    for left in (45, 20):
        receiver.start()
        until(lambda left=left: sum(queue.counts()) <= left)
        receiver.stop(signal.SIGKILL)
    receiver.start()
    until(lambda: queue.counts() == (0, 0))
    found = [event["node"] for event in events(receiver, "events")]
    assert len(found) == 60
    assert set(found) == {str(456 + number) for number in range(60)}


def test_a_queue_can_be_looked_at_without_taking_anything_out(
    queue: Any, settings: dict[str, Any], datum: Any
) -> None:
    queue.send(datum(0), datum(1), '{"nobody":"knows"}')
    environ = {
        "SQS_ENDPOINT": settings["endpoint"],
        "SQS_ALLOW_PRIVATE": "true",
        "SQS_ACCESS_KEY": settings["access_key"],
        "SQS_SECRET_KEY": settings["secret_key"],
        "SQS_WAIT": "1",
    }
    found, _ = looked(f"sqs://{settings['region']}/{queue.name}", 3, environ)
    assert {each["type"] for each in found} == {"datum/agg/update", ""}
    assert sum(queue.counts()) == 3
