"""Who a request is from: what proxies say counts when they are ours."""

from __future__ import annotations

import json
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rawhttp import Server, rest_of

from receiver.http.proxies import Proxies

PROXY = "127.0.0.2"
"""The server's configured proxy, beside 10.0.0.0/8."""


def seen_through(server: Server, *fields: bytes) -> tuple[str, str]:
    """Client and scheme of a request that comes from the proxy."""
    head = b"".join(field + b"\r\n" for field in fields)
    with socket.create_connection(
        ("127.0.0.1", server.port), timeout=40, source_address=(PROXY, 0)
    ) as connection:
        connection.sendall(b"GET /test/seen HTTP/1.1\r\nHost: x\r\nConnection: close\r\n")
        connection.sendall(head + b"\r\n")
        seen = json.loads(rest_of(connection).partition(b"\r\n\r\n")[2])
    return seen["client"], seen["scheme"]


def test_a_stranger_cannot_say_who_they_are(server: Server) -> None:
    seen = server.seen(b"X-Forwarded-For: 1.2.3.4", b"X-Forwarded-Proto: https")
    assert (seen["client"], seen["scheme"]) == ("127.0.0.1", "http")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([b"X-Forwarded-For: 1.2.3.4", b"X-Forwarded-Proto: HTTPS"], ("1.2.3.4", "https")),
        ([b"X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.1.2.3"], ("1.2.3.4", "http")),
        ([b"X-Forwarded-For: 6.6.6.6", b"X-Forwarded-For: 1.2.3.4"], ("1.2.3.4", "http")),
        ([b"X-Forwarded-For: [2001:db8::1]:443"], ("2001:db8::1", "http")),
        ([b"X-Forwarded-For: 1.2.3.4:5678"], ("1.2.3.4", "http")),
        ([b"X-Forwarded-For: 10.1.2.3, 10.1.2.4"], ("10.1.2.3", "http")),
        ([b"X-Forwarded-For: 1.2.3.4, unknown"], (PROXY, "http")),
        ([b"X-Forwarded-For: , ,"], (PROXY, "http")),
        ([b"X-Forwarded-Proto: gopher"], (PROXY, "http")),
        ([], (PROXY, "http")),
    ],
)
def test_a_proxy_of_ours_is_believed_as_far_as_it_can_know(
    server: Server, fields: list[bytes], expected: tuple[str, str]
) -> None:
    assert seen_through(server, *fields) == expected


def test_nobody_is_trusted_unless_configured() -> None:
    assert not Proxies().trust("127.0.0.1")
    assert not Proxies(["10.0.0.0/8"]).trust(None)
    assert not Proxies(["10.0.0.0/8"]).trust("11.0.0.1")
    assert Proxies(["10.0.0.0/8"]).trust("::ffff:10.0.0.1")
    assert Proxies(["2001:db8::/32"]).trust("2001:db8::1")


@given(st.lists(st.binary(max_size=50), max_size=4))
def test_any_header_gives_an_address_or_nothing(values: list[bytes]) -> None:
    proxies = Proxies(["10.0.0.0/8"])
    client = proxies.client([(b"x-forwarded-for", value) for value in values])
    assert client is None or client.isprintable()
