"""The HTTP client of sinks: where it does not go."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any

import httpcore
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver import lookup, outbound
from receiver.outbound import client, refusal

Network = IPv4Network | IPv6Network

INSIDE = [
    *("127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1"),
    *("192.0.2.1", "198.18.0.1", "240.0.0.1", "168.63.129.16", "100.100.100.200"),
    *("::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"),
    *("64:ff9b::a9fe:a9fe", "::ffff:169.254.169.254", "2002:c0a8:0101::1"),
    *("64:ff9b:1::7f00:1", "64:ff9b:1::101:101", "::ffff:0:127.0.0.1", "::ffff:0:1.1.1.1"),
    *("192.0.0.8", "192.0.0.9", "192.88.99.1", "5f00::1", "3fff::1", "2001:db8:1::1", "100::1"),
    *("100:0:0:1::1", "2001:2::1", "2001:10::1", "4000::1", "::1.1.1.1", "2001:0:7f00:1::"),
]
OUTSIDE = ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
PRIVATE = [
    ip_network(net)
    for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16")
]


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_refused(address: str) -> None:
    assert refusal(ip_address(address), allow_private=False) is not None


@pytest.mark.parametrize("address", OUTSIDE)
def test_addresses_outside_are_not(address: str) -> None:
    assert refusal(ip_address(address), allow_private=False) is None


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "::1", "fd00::1", "169.254.1.1"])
def test_private_addresses_are_permitted_where_the_setting_says_so(address: str) -> None:
    assert refusal(ip_address(address), allow_private=True) is None


@pytest.mark.parametrize(
    "address",
    [
        *("169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "169.254.170.23"),
        *("64:ff9b::a9fe:a9fe", "::ffff:0:169.254.169.254", "64:ff9b:1::a9fe:a9fe"),
        *("64:ff9b:1:a9fe:a9:fe00::", "64:ff9b:1:7a9:fe:a9fe::", "64:ff9b:1:7:a9:fea9:fe00:0"),
    ],
)
def test_cloud_credentials_are_out_of_reach_whatever_the_setting(address: str) -> None:
    assert refusal(ip_address(address), allow_private=True) is not None


@given(st.sampled_from(PRIVATE), st.integers(min_value=0), st.integers(0, 4))
def test_no_spelling_of_a_private_address_gets_through(net: object, number: int, how: int) -> None:
    inside = net[number % net.num_addresses]  # type: ignore[index, attr-defined]
    value = int(inside)
    spellings = (
        inside,
        IPv6Address((0xFFFF << 32) | value),
        IPv6Address(value) if value > 0xFFFF else inside,
        IPv6Address((0x2002 << 112) | (value << 80)),
        IPv6Address(int(IPv6Address("64:ff9b::")) | value),
    )
    assert refusal(spellings[how], allow_private=False) is not None


SPECIAL = [
    ip_network(net)
    for net in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        *("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "100::/63", "2001::/23", "2001:db8::/32"),
        *("3fff::/20", "4000::/2", "5f00::/16", "8000::/1", "fc00::/7", "fe80::/9", "ff00::/8"),
    )
]


@given(st.sampled_from(SPECIAL), st.integers(min_value=0))
def test_nothing_of_a_special_purpose_network_is_permitted(net: Network, number: int) -> None:
    assert refusal(net[number % net.num_addresses], allow_private=False) is not None


@given(st.sampled_from(SPECIAL))
def test_the_ends_of_a_special_purpose_network_belong_to_it(net: Network) -> None:
    assert refusal(net[0], allow_private=False) is not None
    assert refusal(net[-1], allow_private=False) is not None


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_is_permitted_just_when_no_special_purpose_has_it(value: int) -> None:
    address = IPv4Address(value)
    special = any(address in net for net in SPECIAL) or address in outbound.METADATA
    assert (refusal(address, allow_private=False) is not None) == special


@given(st.integers(0, 2**128 - 1) | st.integers(2**125, 2**126 - 1))
def test_an_ipv6_address_that_is_permitted_is_unicast_or_leads_to_ipv4(value: int) -> None:
    address = IPv6Address(value)
    if refusal(address, allow_private=False) is None:
        assert any(
            address in ip_network(net) for net in ("2000::/3", "::ffff:0:0/96", "64:ff9b::/96")
        )
        assert not any(address in net for net in SPECIAL)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2))
def test_what_wraps_an_address_is_judged_as_it(value: int, how: int) -> None:
    wrappings = ("::ffff:0:0", "64:ff9b::", "2002::")
    start = int(IPv6Address(wrappings[how]))
    wrapped = IPv6Address(start | value << (80 if how == 2 else 0))
    bare = refusal(IPv4Address(value), allow_private=False)
    assert (refusal(wrapped, allow_private=False) is None) == (bare is None)


@asynccontextmanager
async def target(answer: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server on the loopback that answers always the same; and what it was sent."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], heard


OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


async def test_a_permitted_target_is_reached_by_its_name() -> None:
    async with target(OK) as (port, heard), client(allow_private=True) as http:
        answer = await http.post(f"http://localhost:{port}/a?b=c", content=b"x")
    assert (answer.status_code, answer.text) == (200, "hi")
    assert heard[0].startswith(b"POST /a?b=c HTTP/1.1\r\n")
    assert f"Host: localhost:{port}".lower().encode() in heard[0].lower()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1"])
async def test_the_loopback_is_refused_however_it_is_written(host: str) -> None:
    async with target(OK) as (port, heard), client() as http:
        with pytest.raises(httpx.ConnectError) as error:
            await http.get(f"http://{host}:{port}/")
    assert heard == []
    assert "refused to connect" in str(error.value)
    assert "allow_private" in str(error.value)


async def test_a_name_that_changes_its_mind_is_judged_where_it_leads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = iter(["93.184.216.34", "127.0.0.1"])

    def rebinding(host: str, port: int, **more: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    backend = outbound.GuardedBackend(allow_private=False)
    assert await backend._addresses("evil.example", 80) == ["93.184.216.34"]
    with pytest.raises(httpcore.ConnectError, match=r"evil.example is 127\.0\.0\.1"):
        await backend._addresses("evil.example", 80)


async def test_a_name_server_that_hangs_holds_up_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered, asked = threading.Event(), []
    known = socket.getaddrinfo

    def hanging(host: str, *more: Any, **named: Any) -> list[Any]:
        if host.endswith(".example"):
            asked.append(host)
            assert answered.wait(30)
        return known("127.0.0.1" if host.endswith(".example") else host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    # More than the loop's own pool has threads, and one name that is asked for again and again.
    hosts = [f"h{number}.example" for number in range(40)] + ["h0.example"] * 40
    waiting = [
        asyncio.create_task(outbound.permitted(host, 80, allow_private=True)) for host in hosts
    ]
    try:
        async with asyncio.timeout(10):
            assert await outbound.permitted("localhost", 80, allow_private=True)
            assert await asyncio.to_thread(lambda: "others leave the loop") != ""
        waiting[0].cancel()
        assert len(asked) <= 40
    finally:
        answered.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert all(one == ["127.0.0.1"] for one in found[1:])


async def test_names_that_nobody_answers_for_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()

    def hanging(*_asked: Any, **_named: Any) -> list[Any]:
        assert answered.wait(60)
        raise socket.gaierror("no answer")

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    monkeypatch.setattr(lookup, "MOST", 3)
    waiting = [asyncio.create_task(lookup.addresses(f"b{n}.example", 80)) for n in range(3)]
    await asyncio.sleep(0)
    try:
        with pytest.raises(OSError, match="3 other names are being looked up"):
            await lookup.addresses("b3.example", 80)
    finally:
        answered.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in found] == [socket.gaierror] * 3


@pytest.mark.parametrize("host", ["169.254.169.254", "224.0.0.1"])
async def test_a_setting_is_only_named_where_it_would_help(host: str) -> None:
    with pytest.raises(ConnectionError) as error:
        await outbound.permitted(host, 80, allow_private=False)
    assert "allow_private" not in str(error.value)
    assert f"{host} is {host}" not in str(error.value)


async def test_redirects_are_not_followed() -> None:
    moved = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
    async with target(moved) as (port, _), client(allow_private=True) as http:
        assert (await http.get(f"http://127.0.0.1:{port}/")).status_code == 302


async def test_proxies_of_the_environment_have_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with target(OK) as (port, _), client(allow_private=True) as http:
        assert (await http.get(f"http://127.0.0.1:{port}/")).status_code == 200


async def test_an_answer_without_end_is_not_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbound, "LARGEST_ANSWER", 1000)
    long = b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n" + b"x" * 5000
    async with target(long) as (port, _), client(allow_private=True) as http:
        with pytest.raises(httpx.ReadError, match="longer than"):
            await http.get(f"http://127.0.0.1:{port}/")


async def test_a_target_that_does_not_answer_times_out() -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    with silent:
        port = silent.getsockname()[1]
        async with client(allow_private=True) as http:
            with pytest.raises(httpx.ReadTimeout):
                await http.get(f"http://127.0.0.1:{port}/", timeout=0.1)


async def test_a_closed_port_is_a_connect_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    async with client(allow_private=True) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(f"http://127.0.0.1:{port}/")


async def test_a_name_that_does_not_exist_is_a_connect_error() -> None:
    async with client() as http:
        with pytest.raises(httpx.ConnectError, match="no address for"):
            await http.get("http://no-such-host.invalid/")
