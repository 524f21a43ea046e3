"""Events to topics: the promises of every sink, and those of this one."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from shutil import which
from typing import Any

import pytest
from paho.mqtt import publish
from pydantic import ValidationError
from receiver_mqtt import Mqtt
from receiver_mqtt.sink import topic_of

from receiver import Event, Reject
from receiver.testing import SinkSuite, delivering, sample_event


class Listener:
    """mosquitto_sub, a client that is not ours; keeps what it prints."""

    def __init__(self, port: int, topic: str) -> None:
        program = which("mosquitto_sub")
        if program is None:
            pytest.skip("needs mosquitto_sub (package mosquitto-clients)")
        self.process = subprocess.Popen(
            [program, "-p", str(port), "-q", "1", "-t", f"{topic}/#", "-F", "%p"],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self.listens = threading.Event()
        self.thread = threading.Thread(target=self._read)
        self.thread.start()
        while not self.listens.wait(0.02):
            publish.single(f"{topic}/probe", "probe", hostname="127.0.0.1", port=port)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout:
            for line in self.process.stdout:
                if line == "probe\n":
                    self.listens.set()
                else:
                    self.lines.append(line.rstrip("\n"))

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.thread.join()


@pytest.fixture
def listener(plain: dict[str, Any], unique: str) -> Iterator[Listener]:
    found = Listener(plain["port"], unique)
    yield found
    found.stop()


class TestMqtt(SinkSuite):
    sink = "mqtt"

    @pytest.fixture
    def sink_settings(self, plain: dict[str, Any], unique: str) -> Mapping[str, Any]:
        return {**plain, "topic": f"{unique}/{{type}}"}

    @pytest.fixture
    def unreachable(self, plain: dict[str, Any]) -> Mapping[str, Any]:
        return {**plain, "port": 1}

    @pytest.fixture
    def arrived(self, listener: Listener) -> Callable[[], list[str]]:
        return lambda: [json.loads(line)["id"] for line in listener.lines]


def made(settings: Mapping[str, Any], **more: Any) -> Mqtt:
    return Mqtt(Mqtt.Settings(**{**settings, **more}), route="live")


def message() -> Event[Any]:
    return sample_event("flespi/message")


async def test_an_event_is_published_to_its_topic(
    plain: dict[str, Any], unique: str, other: Any
) -> None:
    await other.client.subscribe(f"{unique}/#")
    event = message()
    topic = f"{unique}/{{source}}/{{type}}/{{node}}"
    async with delivering(made(plain, topic=topic, body="raw")) as sink:
        [result] = await sink.deliver([event])
    assert result.outcome == "delivered"
    assert await other.got(1) == [(f"{unique}/flespi/flespi/message/{event.node}", event.raw)]


async def test_aws_iot_gets_each_message_on_the_topic_of_its_ident(
    secured: dict[str, Any], other: Any
) -> None:
    event = message()
    assert event.node is not None
    await other.client.subscribe(event.node)
    sink = made(secured, preset="aws-iot")
    assert sink.settings.place[1] == secured["port"]
    async with delivering(sink) as opened:
        [result] = await opened.deliver([event])
    assert result.outcome == "delivered"
    assert await other.got(1) == [(event.node, event.raw)]


def test_the_preset_for_aws_iot_needs_certificates_and_nothing_else() -> None:
    files = {"certificate": "c.pem", "key": "k.pem"}
    settings = Mqtt.Settings(host="x.iot.eu-west-1.amazonaws.com", preset="aws-iot", **files)  # type: ignore[arg-type]
    assert (settings.place[1], settings.topic, settings.body) == (8883, "{node}", "raw")
    with pytest.raises(ValidationError, match="certificate and key"):
        Mqtt.Settings(host="h", preset="aws-iot")


async def test_a_broker_that_was_away_gets_the_event_at_the_next_attempt(
    broker: Any, plain: dict[str, Any], unique: str
) -> None:
    async with delivering(made(plain, timeout=1.0)) as sink:
        broker.stop()
        [result] = await sink.deliver([message()])
        assert result.outcome == "retry"
        [result] = await sink.deliver([message()])
        assert result.outcome == "retry"
        broker.start()
        [result] = await sink.deliver([message()])
        assert result.outcome == "delivered"


def test_what_a_topic_cannot_hold_becomes_an_underscore() -> None:
    event = sample_event("flespi/message", {"ident": "a+b#c\u0000d/é"})
    assert topic_of("x/{node}", event) == "x/a_b_c_d/é"


def test_an_event_without_what_its_topic_needs_is_rejected() -> None:
    with pytest.raises(Reject, match="needs its user"):
        topic_of("x/{user}", message())


def test_a_topic_that_is_too_long_is_rejected() -> None:
    with pytest.raises(Reject, match="65535 bytes"):
        topic_of("{node}" * 5000, sample_event("flespi/message", {"ident": "é" * 50}))


@pytest.mark.parametrize("topic", ["", "a/#", "a/+", "{nodes}", "{node", "a\x00", "{node.x}"])
def test_a_topic_that_cannot_be_published_to_is_refused(topic: str) -> None:
    with pytest.raises(ValidationError):
        Mqtt.Settings(host="h", topic=topic)
