"""A receiver that subscribes to topics: killed in between, nothing is lost."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import publish
from receiver_mqtt import MqttPull

from receiver.testing import RunningReceiver
from receiver.testing.looking import looked


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.05)


def message(number: int) -> bytes:
    """One that flespi says when it received, which tells a second sending."""
    told = {
        "ident": f"i{number % 3}",
        "timestamp": 1767225600.5 + number,
        "server.timestamp": 1767225601.5 + number,
        "channel.id": 429,
    }
    return json.dumps(told).encode()


def send(port: int, topic: str, *payloads: bytes) -> None:
    publish.multiple(
        [{"topic": topic, "payload": payload, "qos": 1} for payload in payloads],
        hostname="127.0.0.1",
        port=port,
    )


async def a_session(settings: dict[str, Any]) -> None:
    """Subscribe once: a broker keeps nothing for a client that it has never seen."""
    transport = MqttPull(MqttPull.Settings(**settings), name="flespi.live")
    await transport.open()
    await transport.close()


@pytest.fixture
def receiver(plain: dict[str, Any], unique: str, tmp_path: Path) -> Iterator[RunningReceiver]:
    told = {**plain, "topics": [f"{unique}/+"], "client_id": unique, "wait": 1}
    asyncio.run(a_session(told))
    lines = [f"{name} = {json.dumps(value)}" for name, value in told.items()]
    config = "\n".join(["[sources.flespi.pull.live]", 'transport = "mqtt"', *lines, ""])
    receiver = RunningReceiver(tmp_path, config=config)
    yield receiver
    receiver.stop()


def listed(receiver: RunningReceiver) -> list[dict[str, Any]]:
    said = receiver.run("events", "list", "--json", "--limit", "1000").stdout
    found: list[dict[str, Any]] = json.loads(said)
    return found


def test_killed_again_and_again_it_loses_nothing_and_delivers_nothing_twice(
    receiver: RunningReceiver, plain: dict[str, Any], unique: str
) -> None:
    receiver.start()
    receiver.wait_for("inbox")
    send(plain["port"], f"{unique}/a", message(0))
    until(lambda: len(listed(receiver)) == 1)
    total = 1
    for _ in range(2):
        more = [message(total + number) for number in range(150)]
        total += len(more)
        sending = threading.Thread(target=send, args=(plain["port"], f"{unique}/a", *more))
        sending.start()
        receiver.stop(signal.SIGKILL)
        sending.join()
        receiver.start()
    until(lambda: len(listed(receiver)) >= total)
    receiver.stop()
    assert len(listed(receiver)) == total


def test_topics_can_be_looked_at_without_a_file(plain: dict[str, Any], unique: str) -> None:
    stop = threading.Event()

    def send_on() -> None:
        while not stop.wait(0.1):
            send(plain["port"], f"{unique}/a", message(1))

    sending = threading.Thread(target=send_on)
    sending.start()
    try:
        url = f"mqtt://127.0.0.1:{plain['port']}/{unique}/#"
        [first, *_], _ = looked(url, 1, {"MQTT_ALLOW_PRIVATE": "true"})
    finally:
        stop.set()
        sending.join()
    assert first["type"] == "flespi/message"
    assert first["node"] == "i1"
