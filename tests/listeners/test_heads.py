"""Which heads are learned, and what is read by one."""

from __future__ import annotations

import pytest
from connection import ANSWER, HEAD, Desk, connected
from hypothesis import given
from hypothesis import strategies as st

from receiver.http.familiar import LONGEST, MOST, Familiar, familiar
from receiver.http.framing import MAX_HEADER_BYTES

TARGET = (b"/events", "/events", b"")


def known(written: bytes, *headers: tuple[bytes, bytes]) -> Familiar | None:
    return familiar(written, b"/events", headers, TARGET)


@given(start=st.binary(max_size=200))
def test_of_any_bytes_a_head_is_made_or_nothing(start: bytes) -> None:
    assert known(start) is None
    assert known(start + b"\r\n\r\n", (b"content-length", b"4")) is None


def test_a_head_is_learned_only_if_its_text_is_what_was_read_and_has_one_length() -> None:
    host, length = (b"host", b"x"), (b"content-length", b"4")

    assert known(HEAD, host, length) is not None
    assert known(HEAD, length, host) is None
    assert known(HEAD, host) is None
    assert known(HEAD[2:], host, length) is None
    assert known(b"body" + HEAD, host, length) is None
    assert known(HEAD.replace(b"/events", b"/other"), host, length) is None
    assert known(HEAD.replace(b": 4", b":  4"), host, length) is None
    assert known(HEAD.replace(b": 4", b": 04"), host, (b"content-length", b"04")) is None
    assert known(HEAD[:-2], host, length) is None


@pytest.mark.parametrize("value", ["geheim-ü".encode(), b"two  spaces", b"tab\tbed", b""])
def test_no_head_is_learned_of_which_a_value_had_to_be_remembered(value: bytes) -> None:
    headers = (b"host", b"x"), (b"content-length", b"4"), (b"authorization", value)

    assert known(HEAD[:-2] + b"Authorization: %b\r\n\r\n" % value, *headers) is None


def test_long_heads_and_those_with_a_query_are_not_learned() -> None:
    headers = [(b"host", b"x"), (b"content-length", b"4"), (b"a", b"b")]
    for size, learned in ((100, True), (LONGEST, False)):
        head = HEAD[:-2] + b"A: " + b"b" * size + b"\r\n\r\n"
        assert (known(head, *headers[:2], (b"a", b"b" * size)) is not None) == learned
    many = [(b"a%d" % n, b"b") for n in range(MOST)]
    head = HEAD[:-2] + b"".join(b"%b: %b\r\n" % field for field in many) + b"\r\n"
    assert known(head, *headers[:2], *many) is None
    query = HEAD.replace(b"/events", b"/events?token=x")
    assert familiar(query, b"/events?token=x", headers[:2], TARGET) is None


def test_more_than_a_head_may_be_is_not_taken() -> None:
    short = known(
        HEAD[:-2] + b"A: b\r\n\r\n", (b"host", b"x"), (b"content-length", b"4"), (b"a", b"b")
    )
    assert short is not None

    for size, taken in ((MAX_HEADER_BYTES - 100, True), (MAX_HEADER_BYTES, False)):
        long = HEAD[:-2] + b"A: " + b"b" * size + b"\r\n\r\n" + b"body"
        assert (short.read(long) is not None) == taken


@pytest.mark.parametrize("cut", [1, 2, 5, 20, 21, 22, 23, 30])
async def test_of_a_request_in_two_pieces_no_half_is_learned(cut: int) -> None:
    desk = Desk()
    connection, wire = connected(desk)
    for piece in (HEAD[:cut], HEAD[cut:] + b"body"):
        connection.data_received(piece)
    desk.taken.pop().answer(ANSWER)

    connection.data_received(HEAD[cut:] + b"body")

    assert not desk.taken
    assert b" 400 " in wire.written


async def test_where_a_familiar_request_belongs_is_not_looked_for_again() -> None:
    desk = Desk()
    connection, _ = connected(desk)
    heads = [HEAD, HEAD.replace(b"/events", b"/%65vents")]
    for head in (*heads, *heads):
        connection.data_received(head + b"body")
        desk.taken.pop().answer(ANSWER)
    desk.find = None  # type: ignore[assignment,method-assign]

    for head in (*heads, *heads):
        connection.data_received(head + b"body")
        exchange = desk.taken.pop()
        assert (exchange.place, exchange.head[2][0]) == ("/events", head.split(b" ")[1])
        exchange.answer(ANSWER)
