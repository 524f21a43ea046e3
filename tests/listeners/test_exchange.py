"""A whole request is handed to the desk as it is; any other becomes one of ASGI's."""

from __future__ import annotations

import pytest
from connection import ANSWER, HEAD, Desk, connected, turns

from receiver.http.exchange import Exchange


async def test_a_whole_request_is_handed_over_and_answered_in_one_piece() -> None:
    desk = Desk()
    connection, wire = connected(desk)

    connection.data_received(HEAD + b"body")

    [exchange] = desk.taken
    assert (exchange.place, exchange.body) == ("/events", b"body")
    assert dict(exchange.headers)[b"host"] == b"x"
    assert not wire.written
    exchange.answer(ANSWER)
    assert wire.written == b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    assert not wire.closed


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ([HEAD, b"body"], b"body POST /events b''"),
        ([HEAD + b"bo", b"d", b"y"], b"body POST /events b''"),
        ([HEAD.replace(b"/events", b"/other?a=1") + b"body"], b"body POST /other b'a=1'"),
        ([HEAD.replace(b"POST", b"PUT") + b"body"], b"body PUT /events b''"),
        ([HEAD.replace(b"4", b"0")], b" POST /events b''"),
    ],
    ids=["in two pieces", "in three pieces", "of another path", "of another method", "empty"],
)
async def test_any_other_request_becomes_one_of_asgi(pieces: list[bytes], said: bytes) -> None:
    desk = Desk()
    connection, wire = connected(desk)

    for piece in pieces:
        connection.data_received(piece)
        await turns()

    assert not desk.taken
    assert wire.written.endswith(b"\r\n\r\n" + said)


async def test_what_the_desk_does_not_take_becomes_one_of_asgi() -> None:
    connection, wire = connected(Desk(full=True))

    connection.data_received(HEAD + b"body")
    await turns()

    assert wire.written.endswith(b"body POST /events b''")


async def test_what_is_asked_meanwhile_waits_for_its_turn() -> None:
    desk = Desk()
    connection, wire = connected(desk)

    connection.data_received((HEAD + b"body") * 2)
    await turns()

    assert not wire.written
    desk.taken[0].answer(ANSWER)
    await turns()
    assert wire.written.startswith(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
    assert wire.written.endswith(b"body POST /events b''")


async def test_an_answer_waits_until_the_other_side_reads() -> None:
    desk = Desk()
    connection, wire = connected(desk)
    connection.data_received(HEAD + b"body")

    connection.pause_writing()
    desk.taken[0].answer(ANSWER)
    await turns()
    assert not wire.written

    connection.resume_writing()
    await turns()
    assert wire.written.endswith(b"ok")


async def test_nothing_is_answered_to_who_has_gone() -> None:
    desk = Desk()
    connection, wire = connected(desk)
    connection.data_received(HEAD + b"body")

    connection.connection_lost(None)
    desk.taken[0].answer(ANSWER)

    assert not wire.written


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
async def test_the_last_answer_says_so_and_closes(version: bytes) -> None:
    desk = Desk()
    connection, wire = connected(desk)
    head = HEAD.replace(b"1.1", version).replace(b"Host", b"Connection: close\r\nHost")
    connection.data_received(head + b"body")

    desk.taken[0].answer(ANSWER)

    assert b"connection: close\r\n" in wire.written
    assert wire.closed


async def test_an_answer_has_the_headers_that_all_have_now() -> None:
    desk = Desk()
    connection, wire = connected(desk)
    for date in (b"1", b"1", b"2"):
        connection.server_state.default_headers = [(b"date", date)]
        connection.data_received(HEAD + b"body")
        desk.taken.pop().answer(ANSWER)

    said = (
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ndate: 1\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ndate: 2\r\n\r\nok",
    )
    assert wire.written == said[0] * 2 + said[1]


async def test_only_the_answer_that_ends_a_connection_says_so() -> None:
    desk = Desk()
    connection, wire = connected(desk)
    for last in (False, False, True):
        connection.data_received(HEAD + b"body")
        if last:
            connection.leave()
        desk.taken.pop().answer(ANSWER)

    assert wire.written.count(b"200 OK") == 3
    assert wire.written.count(b"connection: close\r\n\r\nok") == 1
    assert wire.written.endswith(b"connection: close\r\n\r\nok")


def test_an_exchange_is_shown_without_what_it_holds() -> None:
    secret = [(b"authorization", b"Bearer hush")]
    exchange = Exchange(None, {}, None, secret, None, True, b"hush")  # type: ignore[arg-type]

    assert "hush" not in repr(exchange)
