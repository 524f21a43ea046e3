"""A head like the one before is read without the parser, and means what the parser would say."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from connection import ANSWER, Desk, Wire, connected, turns
from hypothesis import given
from hypothesis import strategies as st
from test_framing import CORPUS

from receiver.http import familiar as module
from receiver.http.answer import Reply
from receiver.http.exchange import Exchange
from receiver.http.familiar import Familiar, familiar
from receiver.http.framing import MAX_HEADER_BYTES
from receiver.http.protocol import Protocol

SIGNED = (
    b"POST /events HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: 4\r\nX-Signature: sha256=abc\r\n\r\n"
)
REFUSED = Reply(401, ((b"content-length", b"0"),), b"")


class NoParser:
    """A parser that is not to be asked."""

    def feed_data(self, data: bytes) -> None:
        raise AssertionError(f"the parser was asked of {data!r}")


def meaning(exchange: Exchange) -> tuple[Any, ...]:
    """What a request says."""
    return (
        exchange.head,
        list(exchange.headers),
        exchange.body,
        exchange.keep_alive,
        exchange.place,
    )


async def outcome(taught: bytes | None, *pieces: bytes) -> tuple[Any, ...]:
    """What comes of bytes on a connection, after an answered request or on a new one."""
    desk = Desk()
    connection, wire = connected(desk)
    if taught is not None:
        connection.data_received(taught)
        desk.taken.pop().answer(ANSWER)
        wire.written = b""
    for piece in pieces:
        connection.data_received(piece)
        await turns()
    found = [meaning(exchange) for exchange in desk.taken]
    for exchange in desk.taken:
        exchange.answer(ANSWER)
    await turns()
    return found, wire.written, wire.closed, connection._deaf


def taught(answer: Reply = ANSWER) -> tuple[Protocol, Wire, Desk]:
    """A connection on which one request was answered."""
    desk = Desk()
    connection, wire = connected(desk)
    connection.data_received(SIGNED + b"body")
    desk.taken.pop().answer(answer)
    return connection, wire, desk


async def test_what_differs_in_free_values_only_is_taken_without_the_parser() -> None:
    connection, wire, desk = taught()
    connection.parser = NoParser()

    for number in range(3):
        body = b"x" * (number + 9)
        head = SIGNED.replace(b": 4", b": %d" % len(body)).replace(b"abc", b"def%d" % number)
        connection.data_received(head + body)

        exchange = desk.taken.pop()
        assert exchange.body == body
        assert dict(exchange.headers)[b"x-signature"] == b"sha256=def%d" % number
        assert dict(exchange.headers)[b"content-length"] == b"%d" % len(body)
        exchange.answer(ANSWER)

    assert wire.written.count(b"200 OK") == 4


async def test_strangers_teach_nothing() -> None:
    connection, _, desk = taught(REFUSED)

    connection.data_received(SIGNED + b"body")

    assert (connection._heads.read(SIGNED + b"body"), len(desk.taken)) == (None, 1)


async def test_paths_with_parameters_are_not_learned() -> None:
    desk = Desk()
    connection, _ = connected(desk)
    one = SIGNED.replace(b"/events", b"/events/secret") + b"body"
    for _ in range(2):
        connection.data_received(one)
        desk.taken.pop().answer(ANSWER)

    assert connection._heads.read(one) is None


async def test_a_connection_that_never_repeats_itself_teaches_a_few_heads_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection, _, desk = taught()
    made = Counter[bytes]()

    def counted(written: bytes, *read: Any) -> Familiar | None:
        made[written] += 1
        return familiar(written, *read)

    monkeypatch.setattr(module, "familiar", counted)

    for number in range(3 * module.LESSONS):
        connection.data_received(SIGNED.replace(b"X-Sig", b"X-%d-Sig" % number) + b"body")
        desk.taken.pop().answer(ANSWER)

    assert len(made) == module.LESSONS


async def test_requests_to_several_paths_are_known_each_by_its_own() -> None:
    connection, _, desk = taught()
    heads = [SIGNED.replace(b"/events", path) for path in (b"/events", b"/%65vents", b"/e%76ents")]
    for head in (*heads[1:], heads[0]):
        connection.data_received(head + b"body")
        desk.taken.pop().answer(ANSWER)
    connection.data_received(heads[0] + b"body")
    desk.taken.pop().answer(ANSWER)
    connection.parser = NoParser()

    for head in heads * 3:
        connection.data_received(head + b"body")
        exchange = desk.taken.pop()
        assert exchange.head[2][0] == head.split(b" ")[1]
        exchange.answer(ANSWER)


async def test_a_head_has_the_path_that_it_says() -> None:
    connection, _, desk = taught()
    other = SIGNED.replace(b"/events", b"/events?other")
    connection.data_received(other + b"body")
    desk.taken.pop().answer(REFUSED)

    connection.data_received(SIGNED + b"body")

    assert desk.taken.pop().head == ("1.1", 4, (b"/events", "/events", b""))


async def test_what_a_full_desk_does_not_take_becomes_one_of_asgi() -> None:
    connection, wire, desk = taught()
    desk.full = True
    connection.parser = NoParser()

    connection.data_received(SIGNED + b"body")
    await turns()

    assert wire.written.endswith(b"body POST /events b''")


async def test_nothing_is_taken_before_the_one_before_is_answered() -> None:
    connection, wire, desk = taught()

    connection.data_received(SIGNED + b"1st.")
    connection.data_received(SIGNED + b"2nd.")
    await turns()
    [first] = desk.taken
    assert first.body == b"1st."
    first.answer(ANSWER)
    await turns()

    assert wire.written.endswith(b"2nd. POST /events b''")


async def test_after_other_requests_the_parser_goes_on_where_it_was() -> None:
    connection, wire, desk = taught()
    bodies: list[bytes] = []

    for piece in (SIGNED[:30], SIGNED[30:] + b"body", SIGNED + b"bo", b"dy", SIGNED + b"last"):
        connection.data_received(piece)
        await turns()
        for exchange in desk.taken:
            bodies.append(exchange.body)
            exchange.answer(ANSWER)
        desk.taken.clear()

    assert bodies == [b"body", b"last"]
    assert wire.written.count(b"HTTP/1.1 200") == 4
    assert b"body POST /events b''" in wire.written


@pytest.mark.parametrize("name", CORPUS)
async def test_what_the_parser_refuses_is_refused(name: str) -> None:
    good = b"POST /flespi/messages HTTP/1.1\r\nHost: x\r\nX-Flespi-Key: honest\r\n"
    first = good.replace(b"/flespi/messages", b"/events") + b"Content-Length: 2\r\n\r\n[]"
    odd = CORPUS[name].replace(b"/flespi/messages", b"/events")

    assert await outcome(first, odd) == await outcome(None, odd)


names = st.sampled_from(
    b"X-Signature,x-signature,Content-Type,Connection,Content-Length,Expect,"
    b"Transfer-Encoding,Upgrade,X,Host,TE,X-Signature ".split(b",")
)
values = st.one_of(
    st.sampled_from(
        [b"close", b"4", b"04", b"5", b"chunked", b"100-continue", b"h2c", b"", b"a b"]
    ),
    st.binary(max_size=6),
)
own = st.tuples(
    st.sampled_from([b"X", b"X-Signature", b"x-id", b"User-Agent", b"Content-Type"]),
    st.sampled_from([b"a", b"a b", b"sha256=0a,1b", b'"q"', b"4"]),
)
heads = st.lists(own, max_size=4).flatmap(
    lambda some: st.permutations([(b"Host", b"x"), (b"Content-Length", b"4"), *some])
)
"""What the parser takes, and may be learned."""


def written(fields: list[tuple[bytes, bytes]], body: bytes = b"body") -> bytes:
    lines = [b"POST /events HTTP/1.1", *(b"%b: %b" % field for field in fields), b"", b""]
    return b"\r\n".join(lines) + body


@st.composite
def changed(draw: Any, fields: list[tuple[bytes, bytes]]) -> bytes:
    """A request that is like another, but for something."""
    some, at = list(fields), draw(st.integers(0, len(fields) - 1))
    match draw(st.sampled_from(["value", "name", "more", "less", "byte", "bytes", "body"])):
        case "value":
            some[at] = some[at][0], draw(values)
        case "name":
            some[at] = draw(names), some[at][1]
        case "more":
            some.insert(at, (draw(names), draw(values)))
        case "less":
            del some[at]
        case "byte":
            text, place = written(some), draw(st.integers(0, len(written(some)) - 1))
            return text[:place] + draw(st.binary(max_size=2)) + text[place + 1 :]
        case "bytes":
            text, place = written(some), draw(st.integers(0, len(written(some)) - 1))
            return text[:place] + draw(st.binary(max_size=3)) + text[place:]
        case "body":
            return written(some, draw(st.sampled_from([b"bod", b"body\r\n", b"body" + SIGNED])))
    return written(some)


@given(data=st.data(), fields=heads, cut=st.integers(0, 200))
def test_what_comes_after_a_head_that_was_learned_means_what_it_means_alone(
    data: st.DataObject, fields: list[tuple[bytes, bytes]], cut: int
) -> None:
    second = data.draw(changed(fields))

    async def compare() -> None:
        for pieces in ([second], [second[:cut], second[cut:]]):
            some = [piece for piece in pieces if piece]
            assert await outcome(written(fields), *some) == await outcome(None, *some)

    asyncio.run(compare())


async def test_what_is_left_of_a_body_is_no_part_of_a_head() -> None:
    rest = b"GET /x HTTP/1.1\nHost: a\n\n"
    desk = Desk()
    connection, wire = connected(desk)
    other = b"POST /other HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(rest)
    connection.data_received(other)
    await turns()
    connection.data_received(rest + SIGNED + b"body")
    await turns()
    for exchange in desk.taken:
        exchange.answer(ANSWER)
    taken = len(desk.taken)

    connection.data_received(rest + SIGNED + b"body")
    await turns()

    assert len(desk.taken) == taken
    assert b" 400 " in wire.written


async def test_empty_lines_between_requests_do_not_add_up() -> None:
    connection, _, desk = taught()

    for _ in range(MAX_HEADER_BYTES):
        connection.data_received(b"\r\n")
        connection.data_received(SIGNED + b"body")
        desk.taken.pop().answer(ANSWER)

    assert not connection._deaf
