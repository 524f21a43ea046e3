"""Whatever is sent, the lane and plain connexion give the same answer, and never a 5xx."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

JSON = [(b"content-type", b"application/json")]


def content_type(value: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", value)]


BODIES = {
    "empty": b"",
    "no json": b"{",
    "null": b"null",
    "an array": b"[]",
    "an object": b"{}",
    "an array in an array": b"[[]]",
    "a text": b'"x"',
    "bad UTF-8": b'{"a": "\xff\xfe"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "an integer of 4,301 digits": b'{"id": ' + b"9" * 4301 + b"}",
    "arrays 5,000 deep": b"[" * 5000 + b"]" * 5000,
    "objects 5,000 deep": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "many keys": json.dumps({str(n): n for n in range(10_001)}).encode(),
    "the same key twice": b'{"a": 1, "a": 2}',
    "no number": b'{"a": NaN, "b": -Infinity, "c": 1e999}',
    "a lone surrogate": b'{"a": "\\ud800"}',
    "a zero byte": b'{"a": "\x00"}',
    "white space": b" \r\n\t ",
    "a form": b"a=1&b=2",
    "a multipart form": b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n',
    "almost a megabyte": b'{"a": "' + b"x" * 1_000_000 + b'"}',
    "over every limit": bytes(17 * 1024 * 1024),
}
HEADERS: dict[str, list[tuple[bytes, bytes]]] = {
    "nothing": [],
    "JSON": JSON,
    "JSON in another character set": content_type(b"application/json; charset=utf-16"),
    "JSON in no character set": content_type(b"application/json; charset=no-such"),
    "a media type of its own": content_type(b"application/cloudevents+json"),
    "a form": content_type(b"application/x-www-form-urlencoded"),
    "a multipart form": content_type(b"multipart/form-data; boundary=x"),
    "a multipart form without boundary": content_type(b"multipart/form-data"),
    "text": content_type(b"text/plain"),
    "garbage": content_type(b"\xff;;=\x01"),
    "an empty media type": content_type(b""),
    "two media types": JSON + content_type(b"text/plain"),
    "a long header": [*JSON, (b"x-long", b"x" * 15_000)],
    "too long a header": [*JSON, (b"x-long", b"x" * 16_384)],
    "many headers": [*JSON, *[(b"x-filler", b"x")] * 98],
    "too many headers": [*JSON, *[(b"x-filler", b"x")] * 100],
    "gzip": [*JSON, (b"content-encoding", b"gzip")],
    "an unknown coding": [*JSON, (b"content-encoding", b"x-none")],
    "another length": [*JSON, (b"content-length", b"5")],
    "no length": [*JSON, (b"content-length", b"many")],
    "a length and chunks": [(b"content-length", b"2"), (b"transfer-encoding", b"chunked")],
    "credentials": [(b"authorization", b"Basic \xff"), (b"cookie", b"=;\xff=;;")],
    "a proxy": [(b"x-forwarded-proto", b"https"), (b"host", b"\xff@[:"), (b"accept", b"image/*")],
}


@dataclass
class Both:
    """The application with the lane and without it, each with an inbox of its own."""

    lane: Any
    connexion: Any
    platforms: Any
    run: Callable[[Any], Any]

    def ask(self, method: str, path: str, **request: Any) -> Any:
        """The one answer that both give."""
        one = self.run(self.lane.ask(method, path, **request))
        other = self.run(self.connexion.ask(method, path, **request))
        assert one.said == other.said
        return one

    def signed(self, operation: Any, body: bytes, headers: Any = JSON, **request: Any) -> Any:
        """The one answer to an authentic request."""
        proof = self.platforms.sign(operation, body)
        request.setdefault("chunks", [body])
        return self.ask("POST", operation.path, headers=[*headers, *proof], **request)


@pytest.fixture(scope="module")
def both(make_door: Any, platforms: Any) -> Iterator[Both]:
    with asyncio.Runner() as runner:
        yield Both(make_door(lane=True), make_door(lane=False), platforms, runner.run)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_any_body_of_an_authentic_request_is_taken_or_too_large(
    both: Both, body: bytes, faults: list[str]
) -> None:
    for operation in both.platforms.operations:
        for chunks in ([body], [body[:1], b"", body[1:]]):
            answer = both.signed(operation, body, chunks=chunks)
            assert answer.status == (200 if len(body) <= operation.limits.body else 413)
    assert faults == []


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
def test_any_header_beside_the_signature_changes_nothing_but_431(
    both: Both, headers: list[tuple[bytes, bytes]], faults: list[str]
) -> None:
    for operation in both.platforms.operations[::7]:
        answer = both.signed(operation, both.platforms.sample(operation), headers)
        too_much = len(headers) > 100 or sum(len(value) for _, value in headers) >= 16_384
        assert answer.status == (431 if too_much else 200)
    assert faults == []


def test_a_sample_of_every_event_type_gets_the_same_answer(both: Both) -> None:
    for operation in both.platforms.operations:
        for number in range(len(operation.events)):
            assert both.signed(operation, both.platforms.sample(operation, number)).status == 200


def test_a_body_that_was_packed_gets_the_same_answer(both: Both) -> None:
    headers = [*JSON, (b"content-encoding", b"gzip")]
    for operation in both.platforms.operations[::7]:
        packed = gzip.compress(both.platforms.sample(operation))
        assert both.signed(operation, packed, headers).status == 200
        bomb = gzip.compress(bytes(operation.limits.body + 1))
        assert both.signed(operation, bomb, headers).status == 413


def test_a_wrong_signature_gets_the_same_refusal(both: Both) -> None:
    for operation in both.platforms.operations:
        body = both.platforms.sample(operation)
        proof = both.platforms.sign(operation, body)
        wrong = [(name, value[:-1] + bytes([value[-1] ^ 1])) for name, value in proof]
        for headers in ([], wrong, proof * 2, [(name, b"\xff") for name, _ in proof]):
            answer = both.ask("POST", operation.path, headers=headers, chunks=[body])
            assert (answer.status, answer.body) == (401, b"")


NAMES = (
    *(b"content-type", b"content-encoding", b"content-length", b"transfer-encoding", b"host"),
    *(b"accept", b"authorization", b"cookie", b"x-signature", b"x-forwarded-for"),
)
FIELDS = st.tuples(st.sampled_from(NAMES), st.binary(max_size=40))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=20,
)
METHODS = ("POST",) * 6 + ("GET", "HEAD", "PUT", "OPTIONS", "DELETE")


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_request_gets_one_answer(both: Both, faults: list[str], data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(both.platforms.operations))
    body = data.draw(
        st.binary(max_size=200)
        | st.sampled_from([BODIES[name] for name in BODIES if len(BODIES[name]) < 100_000])
        | VALUES.map(lambda value: json.dumps(value).encode())
        | st.just(both.platforms.sample(operation))
    )
    headers = data.draw(st.sampled_from(list(HEADERS.values())) | st.lists(FIELDS, max_size=5))
    if data.draw(st.booleans()):
        headers = [*headers, *both.platforms.sign(operation, body)]
    cut = data.draw(st.integers(0, len(body)))
    ending = data.draw(st.sampled_from(["", "", "", "/", "//", "\n", "x", "/x", "\ufffd", "%2f"]))
    answer = both.ask(
        data.draw(st.sampled_from(METHODS)),
        operation.path + ending,
        headers=headers,
        chunks=data.draw(st.sampled_from([[body], [body[:cut], body[cut:]]])),
        query=data.draw(st.binary(max_size=20)),
    )
    assert answer.status in (200, 401, 404, 405, 431)
    assert "location" not in answer.headers
    assert faults == []
