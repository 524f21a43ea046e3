"""Nothing is taken that a proxy before us may have read in another way."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rawhttp import SAID, Server, post

from receiver.http.framing import MAX_HEADER_BYTES, Unreadable, examine, target

P = b"POST /flespi/messages HTTP/1.1\r\nHost: x\r\nX-Flespi-Key: honest\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
SMUGGLED = b"GET /test/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"

CORPUS = {
    "length, then chunks": P + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks, then length": P + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "the same length twice": P + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n[]",
    "two lengths": P + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n[] ",
    "a list of lengths": P + b"Content-Length: 2, 2\r\n\r\n[]",
    "a length with a sign": P + b"Content-Length: +2\r\n\r\n[]",
    "a negative length": P + b"Content-Length: -2\r\n\r\n[]",
    "a length in hex": P + b"Content-Length: 0x2\r\n\r\n[]",
    "no length": P + b"Content-Length: \r\n\r\n[]",
    "a length in two": P + b"Content-Length: 1 0\r\n\r\n[]",
    "a length beyond numbers": P + b"Content-Length: 99999999999999999999999\r\n\r\n[]",
    "a space before the colon": P + b"Content-Length : 2\r\n\r\n[]",
    "a space before a name": P + b" Content-Length: 2\r\n\r\n[]",
    "a folded line": P + b"X: a\r\n b\r\n\r\n",
    "another coding": P + b"Transfer-Encoding: identity\r\n\r\n",
    "a coding and chunks": P + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunks and a coding": P + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunks in chunks": P + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunks twice": P + b"Transfer-Encoding: chunked\r\n" + CHUNKED + b"0\r\n\r\n",
    "a coding, then chunks": P + b"Transfer-Encoding: identity\r\n" + CHUNKED + b"0\r\n\r\n",
    "chunks, then a coding": P + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n",
    "nearly chunks": P + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunks with a parameter": P + b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
    "chunks after a vertical tab": P + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunks in quotes": P + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "no coding": P + b"Transfer-Encoding: \r\n\r\n",
    "no coding, and a length": P + b"Transfer-Encoding: \r\nContent-Length: 2\r\n\r\n[]",
    "a coding and a comma": P + b"Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": P.replace(b"1.1", b"1.0") + CHUNKED + b"0\r\n\r\n",
    "bare LF everywhere": P.replace(b"\r", b"") + b"Content-Length: 2\n\n[]",
    "bare LF after a field": P + b"X: a\nContent-Length: 2\r\n\r\n[]",
    "bare LF at the end": P + b"Content-Length: 2\r\n\n[]",
    "bare CR between fields": P + b"X: a\rContent-Length: 2\r\n\r\n",
    "bare CR in a value": P + b"X: a\rb\r\n\r\n",
    "bare CR after the first line": b"POST /flespi/messages HTTP/1.1\rHost: x\r\n\r\n",
    "NUL in a value": P + b"X: a\0b\r\n\r\n",
    "a control in a value": P + b"X: a\x01b\r\n\r\n",
    "NUL in a name": P + b"X\0: a\r\n\r\n",
    "eight bits in a name": P + b"X\xff: a\r\n\r\n",
    "no name": P + b": a\r\n\r\n",
    "no colon": P + b"abc\r\n\r\n",
    "bare LF after an extension": P + CHUNKED + b"1;a\nx\r\n0\r\n\r\n",
    "bare CR in an extension": P + CHUNKED + b"1;a\rb\r\nx\r\n0\r\n\r\n",
    "LF quoted in an extension": P + CHUNKED + b'1;a="\n"\r\nx\r\n0\r\n\r\n',
    "bare LF after a size": P + CHUNKED + b"1\nx\n0\n\n",
    "bare LF after a chunk": P + CHUNKED + b"1\r\nx\n0\r\n\r\n",
    "bare CR after a chunk": P + CHUNKED + b"1\r\nx\r0\r\n\r\n",
    "a size with 0x": P + CHUNKED + b"0x1\r\nx\r\n0\r\n\r\n",
    "a size and a space": P + CHUNKED + b"1 \r\nx\r\n0\r\n\r\n",
    "a space and a size": P + CHUNKED + b" 1\r\nx\r\n0\r\n\r\n",
    "a negative size": P + CHUNKED + b"-1\r\nx\r\n0\r\n\r\n",
    "a size beyond numbers": P + CHUNKED + b"fffffffffffffffff1\r\nx\r\n0\r\n\r\n",
    "no size": P + CHUNKED + b"\r\nx\r\n0\r\n\r\n",
    "a chunk that is too long": P + CHUNKED + b"1\r\nxy\r\n0\r\n\r\n",
    "a length after the chunks": P + CHUNKED + b"1\r\nx\r\n0\r\nContent-Length: 4\r\n\r\n",
    "a coding after the chunks": P + CHUNKED + b"1\r\nx\r\n0\r\n" + CHUNKED,
    "no host": b"POST /flespi/messages HTTP/1.1\r\nX-Flespi-Key: honest\r\n\r\n",
    "two hosts": P + b"Host: y\r\n\r\n",
    "two hosts in HTTP/1.0": P.replace(b"1.1", b"1.0") + b"Host: y\r\n\r\n",
    "HTTP/0.9": b"GET /flespi/messages\r\n",
    "HTTP/0.9 that says so": P.replace(b"1.1", b"0.9") + b"\r\n",
    "HTTP/2 that is none": P.replace(b"1.1", b"2.0") + b"\r\n",
    "HTTP/2 with prior knowledge": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/1.2": P.replace(b"1.1", b"1.2") + b"\r\n",
    "HTTP/1.10": P.replace(b"1.1", b"1.10") + b"\r\n",
    "http in lower case": P.replace(b"HTTP", b"http") + b"\r\n",
    "tabs in the first line": b"POST\t/flespi/messages\tHTTP/1.1\r\nHost: x\r\n\r\n",
    "a space after the version": P.replace(b"1.1", b"1.1 ") + b"\r\n",
    "a method in lower case": P.replace(b"POST", b"post") + b"\r\n",
    "an invented method": P.replace(b"POST", b"FOO") + b"\r\n",
    "a space before the method": b" " + P + b"\r\n",
    "a tunnel": b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
    "eight bits in the target": P.replace(b"messages", b"\xff") + b"\r\n",
    "NUL in the target": P.replace(b"messages", b"\0") + b"\r\n",
    "a fragment": P.replace(b"messages", b"messages#a") + b"\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
}


@pytest.mark.parametrize("request_", CORPUS.values(), ids=CORPUS.keys())
def test_what_can_be_read_in_two_ways_is_refused_with_all_that_follows(
    server: Server, request_: bytes
) -> None:
    assert server.answers(request_ + SMUGGLED) == [400]
    assert "/test/smuggled" not in server.seen()["paths"]


FINE = {
    "chunks": P + b"Connection: close\r\n" + CHUNKED + b"1\r\n[\r\n1\r\n]\r\n0\r\n\r\n",
    "chunks in capitals": P
    + b"Connection: close\r\nTransfer-Encoding: CHUNKED \r\n\r\n2\r\n[]\r\n0\r\n\r\n",
    "an extension": P + b"Connection: close\r\n" + CHUNKED + b"2;a=b\r\n[]\r\n0\r\n\r\n",
    "spaces after a length": post(b"[]", b"Content-Length: 2 \t"),
    "zeros before a length": post(b"[]", b"Content-Length: 002"),
    "empty lines before it": b"\r\n\r\n" + post(),
    "the server in the target": post(path="http://x/flespi/messages"),
    "a query": post(path="/flespi/messages?a=b"),
    "an escape": post(path="/flespi/%6dessages"),
}


@pytest.mark.parametrize("request_", FINE.values(), ids=FINE.keys())
def test_what_is_unusual_and_clear_is_taken(server: Server, request_: bytes) -> None:
    assert server.answers(request_) == [200]


def test_mutated_requests_are_answered_and_hurt_nobody(server: Server) -> None:
    chance = random.Random(20260115)
    seeds = [*CORPUS.values(), *FINE.values()]
    for _ in range(400):
        request = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(request))
            match chance.randrange(3):
                case 0:
                    request[place] = chance.choice(b"\r\n\0 \t:;,0159af\xff")
                case 1:
                    del request[place : place + chance.randint(1, 8)]
                case 2:
                    request[place:place] = chance.choice(
                        [b"\r\n", b"\n", b"\r", b" ", b"0\r\n\r\n"]
                    )
            request = request or bytearray(b"x")
        with server.connect() as connection:
            connection.sendall(request)
            connection.shutdown(1)
            connection.settimeout(3)
            said = b""
            try:
                while chunk := connection.recv(65536):
                    said += chunk
            except ConnectionResetError:
                pass
        answers = {int(status) for status in SAID.findall(said)}
        assert answers <= {100, 200, 400, 401, 404, 405, 408, 413, 431}, bytes(request)
    assert server.answers(post()) == [200]


@given(st.binary(max_size=200))
def test_any_target_is_read_or_refused(url: bytes) -> None:
    try:
        raw, path, query = target(url)
    except Unreadable:
        return
    assert raw.isascii()
    assert path
    assert b"?" not in raw
    assert b"#" not in raw + query


@given(st.lists(st.tuples(st.binary(max_size=30), st.binary(max_size=300)), max_size=120))
def test_the_weight_of_a_head_is_bounded_exactly(headers: list[tuple[bytes, bytes]]) -> None:
    fields = [(b"host", b"x"), *((b"x-" + name, value) for name, value in headers)]
    size = sum(len(name) + len(value) + 4 for name, value in fields)
    if size <= MAX_HEADER_BYTES and len(fields) <= 100:
        assert examine("1.1", 0, fields) == (0, False)
    else:
        with pytest.raises(Unreadable, match="431"):
            examine("1.1", 0, fields)
