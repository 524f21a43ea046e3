"""Packets, byte for byte, and the server's answers to them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from receiver_wialon import Wialon
from receiver_wialon.packet import Block, packet
from wialonserver import Server, decode

from receiver import Event, Retry
from receiver.testing import deliver, delivering, sample_event, strategies

PUBLISHED = (
    "74000000333533393736303133343435343835004B0BFB70000000030BBB000000270102706F73696E666F00"
    "A027AFDF5D9848403AC7253383DD4B400000000000805A40003601460B0BBB0000001200047077725F657874"
    "002B8716D9CE973B400BBB00000011010361766C5F696E707574730000000001"
)
"""The packet in Gurtam's text."""
OWN = (
    "d5000000383637343430303630303030303031006955b900000000010bbb000000270102706f73696e666f00"
    "0000000000803b403333333333f34a400000000000e06c40003c010e0c0bbb0000001a000462617474657279"
    "2e766f6c74616765003333333333331040 0bbb0000000a000364696e00000000030bbb0000001d0003656e67"
    "696e652e69676e6974696f6e2e73746174757300000000010bbb0000001a000167736d2e6f70657261746f72"
    "2e636f6465003235373031000bbb0000001700057365727665722e74732e75730000064748463352d0"
).replace(" ", "")
PUBLISHED_MESSAGE = {
    "ident": "353976013445485",
    "timestamp": 1259076464,
    "position.longitude": 49.1903648,
    "position.latitude": 55.7305664,
    "position.altitude": 106,
    "position.speed": 54,
    "position.direction": 326,
    "position.satellites": 11,
    "external.powersource.voltage": 27.593,
    "din": 1,
}
OWN_MESSAGE = {
    "ident": "867440060000001",
    "timestamp": 1767225600.25,
    "position.latitude": 53.9,
    "position.longitude": 27.5,
    "position.altitude": 231,
    "position.speed": 60,
    "position.direction": 270,
    "position.satellites": 12,
    "battery.voltage": 4.05,
    "din": 3,
    "engine.ignition.status": True,
    "gsm.operator.code": "25701",
    "server.ts.us": 1767225601250000,
}


def event(body: dict[str, Any], **fields: Any) -> Event[Any]:
    made = sample_event("flespi/message")
    when = datetime.fromtimestamp(body.get("timestamp", 0), UTC)
    given = {"node": body.get("ident"), "time": when, "raw": json.dumps(body).encode(), **fields}
    return msgspec.structs.replace(made, **given)


def sink(settings: dict[str, Any], **more: Any) -> Wialon:
    return Wialon(Wialon.Settings.model_validate({**settings, **more}))


@pytest.mark.parametrize(
    ("message", "names", "vector"),
    [(PUBLISHED_MESSAGE, True, PUBLISHED), (OWN_MESSAGE, False, OWN)],
    ids=["published", "own"],
)
def test_a_message_is_the_vector_byte_for_byte(
    message: dict[str, Any], names: bool, vector: str, settings: dict[str, Any], server: Server
) -> None:
    [result] = deliver(sink(settings, wialon_names=names), [event(message)])
    assert result.outcome == "delivered"
    assert server.packets[0].hex() == vector.lower()


def test_another_decoder_reads_what_was_sent(settings: dict[str, Any], server: Server) -> None:
    body = {
        "ident": "a",
        "long": 2**40,
        "huge": 2**70,
        "negative": -1,
        "float": -0.5,
        "null": None,
        "list": [1, {"a": "ü"}],
        "nested": {"inner": {"flag": False}},
        "text": "Küche\0!",
        "n" * 60: 1,
    }
    deliver(sink(settings), [event(body)])
    [found] = server.received
    assert (found.ident, found.mask) == ("a", 0)
    assert found.values == {
        "long": 2**40,
        "huge": str(2**70),
        "negative": -1,
        "float": -0.5,
        "list": '[1,{"a":"\\u00fc"}]',
        "nested.inner.flag": 0,
        "text": "K?che?!",
        "n" * 38: 1,
    }


def test_a_position_needs_both_coordinates(settings: dict[str, Any], server: Server) -> None:
    half = {"ident": "a", "position.latitude": 1.0, "position.speed": 7}
    results = deliver(sink(settings), [event(half), event({"ident": "b", "x": 1})])
    assert [result.outcome for result in results] == ["delivered"] * 2
    assert server.received[0].values == {"position.latitude": 1.0, "position.speed": 7}
    assert [found.mask for found in server.received] == [0, 0]


def test_messages_without_a_position_may_be_passed_over(
    settings: dict[str, Any], server: Server
) -> None:
    events = [event({"ident": "a", "x": 1}), event(OWN_MESSAGE)]
    results = deliver(sink(settings, without_position=False), events)
    assert [result.outcome for result in results] == ["delivered"] * 2
    assert [found.ident for found in server.received] == ["867440060000001"]


def test_only_wanted_parameters_are_sent(settings: dict[str, Any], server: Server) -> None:
    deliver(sink(settings, parameters=["battery.*", "din"]), [event(OWN_MESSAGE)])
    assert set(server.received[0].values) == {"posinfo", "battery.voltage", "din"}
    assert server.received[0].hidden == {"posinfo"}


@pytest.mark.parametrize("node", [None, "", "Küche", "a\0b"])
def test_an_event_that_has_no_ident_is_rejected_and_the_rest_is_sent(
    node: str | None, settings: dict[str, Any], server: Server
) -> None:
    events = [event(OWN_MESSAGE), event(OWN_MESSAGE, node=node), event(OWN_MESSAGE)]
    results = deliver(sink(settings), events)
    assert [result.outcome for result in results] == ["delivered", "rejected", "delivered"]
    assert len(server.packets) == 2


def test_what_the_server_did_not_acknowledge_is_sent_again(
    settings: dict[str, Any], server: Server
) -> None:
    server.answers = [b"\x11", b"\x11", b"\x12"]
    results = deliver(sink(settings), [event(OWN_MESSAGE) for _ in range(4)])
    assert [result.outcome for result in results] == ["delivered", "delivered", "retry", "retry"]
    assert "answered b'\\x12'" in results[2].reason


async def test_a_connection_that_is_closed_is_made_again(
    settings: dict[str, Any], server: Server
) -> None:
    async with delivering(sink(settings)) as opened:
        server.answers = [b"\x11", b""]
        results = await opened.deliver([event(OWN_MESSAGE), event(OWN_MESSAGE)])
        [again] = await opened.deliver([event(OWN_MESSAGE)])
    assert [result.outcome for result in results] == ["delivered", "retry"]
    assert (again.outcome, server.connections) == ("delivered", 2)


async def test_late_acknowledgements_are_never_taken_for_those_of_others(
    settings: dict[str, Any], server: Server
) -> None:
    server.silent = True
    async with delivering(sink(settings, timeout=3)) as opened:
        [silent] = await opened.deliver([event(OWN_MESSAGE)])
        server.silent = False
        [again] = await opened.deliver([event(OWN_MESSAGE)])
    assert (silent.outcome, again.outcome) == ("retry", "delivered")
    assert server.connections == 2


def test_a_server_that_never_answers_may_be_trusted(
    settings: dict[str, Any], server: Server
) -> None:
    server.silent = True
    [result] = deliver(sink(settings, acknowledged=False), [event(OWN_MESSAGE)])
    assert result.outcome == "delivered"


def test_a_server_that_is_not_there_is_waited_for(settings: dict[str, Any], nowhere: int) -> None:
    with pytest.raises(Retry, match="no connection"):
        deliver(sink(settings, port=nowhere), [event(OWN_MESSAGE)])


def test_a_private_address_is_refused_unless_it_is_allowed(settings: dict[str, Any]) -> None:
    with pytest.raises(Retry, match="allow_private"):
        deliver(sink(settings, allow_private=False), [event(OWN_MESSAGE)])


@settings(max_examples=200, deadline=None)
@given(strategies.payloads())
def test_whatever_a_payload_holds_the_packet_can_be_read(payload: Any) -> None:
    from receiver_wialon.message import message

    made = message(json.loads(json.dumps(payload)), parameters=("*",), wialon_names=True)
    whole = packet("a", 0, made.mask, made.blocks)
    assert int.from_bytes(whole[:4], "little") == len(whole) - 4
    decode(whole[4:])


@given(st.floats(allow_nan=False), st.integers(-(2**63), 2**63 - 1))
def test_numbers_arrive_as_they_were(number: float, whole: int) -> None:
    found = decode(packet("a", 0, 0, [Block("f", number), Block("i", whole)])[4:])
    assert found.values == {"f": number, "i": whole}


@pytest.mark.parametrize("wrong", [{"port": 0}, {"host": ""}, {"timeout": 0}])
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Wialon.Settings.model_validate({"host": "h", **wrong})
