"""Whatever bytes arrive: an answer of the reply contract, and nothing unhandled in the log."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receiver.testing import RunningReceiver

PATHS = [
    "/rainmaker/events/node_connected",
    "/gridx/events/appliance/online",
    "/gridx/events",
    "/solarnetwork/events",
    "/flespi/messages",
]
HEADERS = ["X-Signature", "X-Signature-Rs256", "X-Flespi-Key", "Content-Type", "Content-Encoding"]
NO_LINE_END = st.integers(0, 255).filter(lambda byte: byte not in b"\r\n\0")
VALUES = st.one_of(
    st.lists(NO_LINE_END, max_size=200).map(bytes),
    st.binary(max_size=64).map(lambda digest: b"sha512=" + digest.hex().encode()),
)
FIELDS = st.lists(st.tuples(st.sampled_from(HEADERS), VALUES), max_size=6)
FORBIDDEN = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
SAID = re.compile(rb"HTTP/1\.1 (\d{3}) ")


@pytest.fixture(scope="module")
def receiver() -> Iterator[RunningReceiver]:
    with RunningReceiver() as running:
        yield running
        unhandled = [line for line in running.lines if "Traceback" in line or "Error" in line]
        assert unhandled == []


def post(url: str, path: str, fields: list[tuple[str, bytes]], body: bytes) -> int:
    """The status that a POST of just these bytes is answered."""
    address = urlsplit(url)
    head = f"POST {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n".encode()
    for name, value in fields:
        head += name.encode() + b": " + value + b"\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n".encode()
    with socket.create_connection((address.hostname, address.port), timeout=40) as connection:
        connection.sendall(head + body)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    said = SAID.match(answer)
    assert said, answer
    return int(said[1])


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(path=st.sampled_from(PATHS), fields=FIELDS, body=st.binary(max_size=2000))
def test_any_bytes_are_refused_and_never_a_fault_of_ours(
    receiver: RunningReceiver, path: str, fields: list[tuple[str, bytes]], body: bytes
) -> None:
    # HTTP forbids control bytes in a header's value (RFC 9110, 5.5): the server's parser refuses
    # them before Receiver sees the request. Nothing else is answered 400: senders drop on it.
    forbidden = any(FORBIDDEN.search(value) for _, value in fields)
    assert post(receiver.url, path, fields, body) == (400 if forbidden else 401)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=st.binary(max_size=2000))
def test_any_authentic_bytes_are_kept(receiver: RunningReceiver, key: str, body: bytes) -> None:
    assert post(receiver.url, "/flespi/messages", [("X-Flespi-Key", key.encode())], body) == 200


@pytest.fixture(scope="module")
def key(receiver: RunningReceiver) -> str:
    """The secret that the platform would send, as `receiver dev` has shown it."""
    line = receiver.wait_for("X-Flespi-Key")
    return line.split()[-1]
