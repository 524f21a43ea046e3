"""Messages from topics: acknowledged once they are kept, and sent again until then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError
from receiver_mqtt import MqttPull

from receiver import Batch, Retry


def made(settings: dict[str, Any], unique: str, **more: Any) -> MqttPull:
    told = {"topics": [f"{unique}/#"], "client_id": unique, "wait": 5, **settings, **more}
    return MqttPull(MqttPull.Settings(**told), name="flespi.live")


async def opened(settings: dict[str, Any], unique: str, **more: Any) -> MqttPull:
    transport = made(settings, unique, **more)
    await transport.open()
    return transport


def bodies(batch: Batch) -> list[bytes]:
    return [message.body for message in batch.messages]


async def some(transport: MqttPull, number: int) -> list[bytes]:
    """So many messages, each batch acknowledged."""
    found: list[bytes] = []
    while len(found) < number:
        batch = await transport.pull(None)
        assert batch.messages, found
        await transport.acknowledge(batch)
        found += bodies(batch)
    return found


@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_what_was_not_acknowledged_is_sent_again_after_a_restart(
    version: str, plain: dict[str, Any], unique: str, other: Any
) -> None:
    first = await opened(plain, unique, version=version)
    await other.publish(f"{unique}/a", b"1", b"2")
    assert (await some(first, 1))[0] == b"1"
    await other.publish(f"{unique}/a", b"3")
    left = await first.pull(None)
    await first.close()  # without acknowledging it
    await other.publish(f"{unique}/b", b"4")  # while nobody is there
    second = await opened(plain, unique, version=version)
    again = await some(second, len(left.messages) + 1)
    assert set(again) >= {*bodies(left), b"4"}
    await second.close()
    third = await opened(plain, unique, version=version, wait=0.2)
    assert await third.pull(None) == Batch()
    await third.close()


async def test_messages_come_in_order_and_many_at_once(
    plain: dict[str, Any], unique: str, other: Any
) -> None:
    transport = await opened(plain, unique)
    sent = [b"%d" % number for number in range(300)]
    await other.publish(f"{unique}/a", *sent)
    assert await some(transport, 300) == sent
    await transport.close()


async def test_receivers_share_the_messages_of_a_group(
    plain: dict[str, Any], unique: str, other: Any
) -> None:
    shared = [f"$share/receivers/{unique}/#"]
    two = [await opened(plain, f"{unique}-{n}", topics=shared, wait=1) for n in (1, 2)]
    sent = {b"%d" % number for number in range(40)}
    await other.publish(f"{unique}/a", *sent)

    async def all_of(transport: MqttPull) -> list[bytes]:
        found: list[bytes] = []
        while (batch := await transport.pull(None)).messages:
            await transport.acknowledge(batch)
            found += bodies(batch)
        return found

    first, second = await asyncio.gather(*map(all_of, two))
    assert sorted(first + second) == sorted(sent)
    assert first
    assert second
    for transport in two:
        await transport.close()


async def test_it_proves_itself_by_a_certificate(
    secured: dict[str, Any], plain: dict[str, Any], unique: str, other: Any
) -> None:
    transport = await opened(secured, unique)
    await other.publish(f"{unique}/a", b"1")
    assert await some(transport, 1) == [b"1"]
    await transport.close()
    for missing, says in (("ca", "CERTIFICATE_VERIFY_FAILED"), ("certificate", "hung up")):
        told = {name: value for name, value in secured.items() if name != missing}
        if missing == "certificate":
            del told["key"]
        transport = made(told, unique)
        with pytest.raises(Retry, match=says):
            await transport.open()
        await transport.close()


NOT_AUTHORISED = b"\x20\x02\x00\x05"
"""A CONNACK of MQTT 3.1.1 (section 3.2) that refuses."""


async def test_a_broker_that_hangs_up_right_after_its_refusal_is_understood(unique: str) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(NOT_AUTHORISED)
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1") as broker:
        port = broker.sockets[0].getsockname()[1]
        place = {"host": "127.0.0.1", "port": port, "tls": False, "allow_private": True}
        with pytest.raises(Retry, match="Not authorized"):
            await opened(place, unique)


async def test_a_connection_that_ends_is_told(
    plain: dict[str, Any], unique: str, other: Any
) -> None:
    transport = await opened(plain, unique)
    usurper = await opened(plain, unique)  # the broker ends the older one of the same name
    with pytest.raises(Retry, match="the connection ended"):
        await transport.pull(None)
    await transport.close()
    await usurper.close()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"port": 1}, "no connection to 127.0.0.1:1"),
        ({"host": "no-such-host.invalid"}, "no address for no-such-host.invalid"),
        ({"allow_private": False}, "allow_private"),
    ],
)
async def test_a_broker_that_cannot_be_reached_is_tried_again_later(
    change: dict[str, Any], says: str, plain: dict[str, Any], unique: str
) -> None:
    transport = made({**plain, **change}, unique)
    with pytest.raises(Retry, match=says):
        await transport.open()
    await transport.close()


async def test_a_certificate_that_is_not_there_is_named(
    secured: dict[str, Any], unique: str
) -> None:
    transport = made({**secured, "ca": "nowhere.pem"}, unique)
    with pytest.raises(Retry, match=r"nowhere\.pem"):
        await transport.open()
    await transport.close()


async def test_without_a_durable_session_nothing_is_kept_for_it(
    plain: dict[str, Any], unique: str, other: Any
) -> None:
    first = await opened(plain, unique, durable=False)
    await first.close()
    await other.publish(f"{unique}/a", b"1")
    second = await opened(plain, unique, durable=False, wait=0.2)
    assert await second.pull(None) == Batch()
    await second.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"topics": []},
        {"topics": [""]},
        {"topics": ["a/#/b"]},
        {"topics": ["a+/b"]},
        {"topics": ["$share/x"]},
        {"topics": ["$share/+/a"]},
        {"client_id": ""},
        {"certificate": "c.pem"},
        {"ca": "c.pem", "tls": False},
        {"password": "p"},
        {"version": "4"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    told: dict[str, Any] = {"host": "h", "topics": ["a/#"], "client_id": "c", **wrong}
    with pytest.raises(ValidationError):
        MqttPull.Settings(**told)


def test_a_url_names_host_and_topic(unique: str) -> None:
    look: Callable[[str], Any] = MqttPull.looking
    told = MqttPull.Settings(**look("mqtt://localhost:8883/sensors/%23"))
    assert (told.place, told.tls, told.topics) == (("localhost", 8883), True, ("sensors/#",))
    told = MqttPull.Settings(**look("mqtt://localhost/a/+/b"))
    assert (told.place, told.durable, told.topics) == (("localhost", 1883), False, ("a/+/b",))
    assert MqttPull.Settings(**look("mqtt://localhost/a/#")).topics == ("a/#",)
    for wrong in ("mqtt://localhost", "mqtt:///topic"):
        with pytest.raises(ValueError, match="mqtt://HOST/TOPIC"):
            look(wrong)
