"""The HTTP client that sinks share: a deadline, no redirects, and no way into the private network.

The guard judges the address that is connected to, after the name was resolved, so that neither a
name that points inside nor one that changes its mind between two look-ups gets past it.
Must not know: sinks, routes, what is sent.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import httpcore
import httpx

from receiver import lookup, tracing

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 30.0
"""Seconds that a request may wait for each of: a connection, the next bytes read, bytes written."""
CONNECT_SECONDS = 10.0
LARGEST_ANSWER = 16 * 1024 * 1024
"""Bytes of an answer that are read; what answers more is broken or hostile."""
CONNECTIONS = 100
IDLE_CONNECTIONS = 20

Address = IPv4Address | IPv6Address

METADATA = frozenset(
    ip_address(address)
    for address in (
        *("169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "192.0.0.192"),
        *("168.63.129.16", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fe80::a9fe:a9fe"),
    )
)
"""Where clouds hand credentials to their machines; never a place to deliver events to."""

NOT_PUBLIC = tuple(
    ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        *("::/128", "::1/128", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23"),
        *("2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10"),
        "ff00::/8",
    )
)
"""What is not globally reachable by IANA's special-purpose registries, and what was once.

A list of our own, because Python's `is_global` differs from one patch release to the next. Of
192.0.0.0/24 and 2001::/23 a few addresses are reachable; none of them takes events.
https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry
"""

UNICAST = ip_network("2000::/3")
"""The only IPv6 addresses that are given out for public use; all else is for special purposes."""

_MAPPED = ip_network("::ffff:0:0/96")
_NAT64 = ip_network("64:ff9b::/96")
_LOCAL_NAT64 = ip_network("64:ff9b:1::/48")
_LAST_FOUR_BYTES = (_MAPPED, _NAT64, _LOCAL_NAT64, *map(ip_network, ("::/96", "::ffff:0:0:0/96")))
"""Where an IPv4 address stands in the last four bytes: mapped, NAT64, compatible, SIIT."""


def client(*, allow_private: bool = False, ca_file: Path | None = None) -> httpx.AsyncClient:
    """A new client; the caller closes it. Raises OSError for a `ca_file` that cannot be used.

    Neither the environment (proxies, .netrc) nor cookies of an answer have a say in what it sends.
    A refused address raises `httpx.ConnectError`, whose message names the address and the setting.
    """
    # At INFO httpx writes every request's whole address, and many targets put a token into theirs.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    return httpx.AsyncClient(
        transport=GuardedTransport(allow_private=allow_private, ca_file=ca_file),
        timeout=httpx.Timeout(SECONDS, connect=CONNECT_SECONDS),
        follow_redirects=False,
        trust_env=False,
        headers={"accept-encoding": "identity", "user-agent": "receiver"},
        event_hooks={"request": [_carry_on]} if tracing.ACTIVE else {},
    )


async def _carry_on(request: httpx.Request) -> None:
    """Send the trace along that the call of the sink is part of."""
    tracing.inject(request.headers)


def refusal(address: Address, *, allow_private: bool) -> str | None:
    """Why nothing may be sent to `address`, or None where something may.

    IPv4 addresses wrapped in IPv6 (mapped, compatible, SIIT, NAT64, 6to4, Teredo) are judged as
    what they lead to, too.
    """
    wrapped = list(_wrapped(address))
    if any(inner in METADATA for inner in (address, *wrapped, *_in_local_nat64(address))):
        return "an address that hands out cloud credentials"
    for inner in (address, *wrapped):
        if inner.is_multicast or inner.is_unspecified:
            return "not the address of one machine"
        if not allow_private and not _is_public(inner):
            return "a private, loopback or reserved address"
    return None


def _is_public(address: Address) -> bool:
    if address in _MAPPED or address in _NAT64:
        return True  # judged by the IPv4 address inside
    if isinstance(address, IPv6Address) and address not in UNICAST:
        return False
    return not any(address in network for network in NOT_PUBLIC)


def _wrapped(address: Address) -> Iterator[IPv4Address]:
    if isinstance(address, IPv4Address):
        return
    for inner in (address.sixtofour, *(address.teredo or ())):
        if inner is not None:
            yield inner
    if int(address) > 0xFFFF and any(address in network for network in _LAST_FOUR_BYTES):
        yield IPv4Address(int(address) & 0xFFFF_FFFF)


def _in_local_nat64(address: Address) -> Iterator[IPv4Address]:
    """What an address of local-use NAT64 (RFC 8215) may lead to: its prefix is not known.

    A prefix of 48, 56 or 64 bits is followed by the IPv4 address, with bits 64 to 71 left out
    (RFC 6052, 2.2).
    """
    if address not in _LOCAL_NAT64:
        return
    value = int(address)
    without_gap = value >> 64 << 56 | value & (1 << 56) - 1
    for prefix in (48, 56, 64):
        yield IPv4Address(without_gap >> 120 - prefix - 32 & 0xFFFF_FFFF)


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens TCP connections to permitted addresses only."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the name is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first permitted address of `host` that takes one.

        Raises httpcore.ConnectError or ConnectTimeout; `timeout` (seconds) covers all of it.
        """
        try:
            async with asyncio.timeout(timeout):
                failure: Exception | None = None
                for address in await self._addresses(host, port):
                    try:
                        return await self._network.connect_tcp(
                            address, port, None, local_address, socket_options
                        )
                    except httpcore.ConnectError as error:
                        failure = error
        except TimeoutError:
            raise httpcore.ConnectTimeout(f"no connection to {host} in {timeout} s") from None
        raise httpcore.ConnectError(f"cannot connect to {host}: {failure}") from failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109  # the name is httpcore's
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises httpcore.ConnectError: a local socket is as private as an address can be."""
        raise httpcore.ConnectError("sinks send to hosts, not to local sockets")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[str]:
        try:
            return await permitted(host, port, allow_private=self._allow_private)
        except ConnectionError as error:
            raise httpcore.ConnectError(str(error)) from error


async def permitted(host: str, port: int, *, allow_private: bool) -> list[str]:
    """The addresses of `host` that may be connected to.

    Raises ConnectionError where there is none, which says why and which setting permits them.
    """
    try:
        found = await lookup.addresses(host, port)
    except (OSError, UnicodeError) as error:
        raise ConnectionError(f"no address for {host}: {error}") from error
    good, refused, hint = [], "no address", ""
    for address in found:
        text = address.partition("%")[0]
        why = refusal(ip_address(text), allow_private=allow_private)
        if why is None:
            good.append(address)
            continue
        refused = f"{host} is {why}" if text == host else f"{host} is {text}, {why}"
        helps = refusal(ip_address(text), allow_private=True) is None
        hint = "; the setting `allow_private` permits them" if helps else ""
    if not good:
        raise ConnectionError(f"refused to connect: {refused}{hint}")
    return good


class GuardedTransport(httpx.AsyncBaseTransport):
    """httpx over httpcore's own connection pool, which is where a guarded backend can be put in."""

    def __init__(self, *, allow_private: bool, ca_file: Path | None = None) -> None:
        trusted = ssl.create_default_context(cafile=ca_file) if ca_file else None
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trusted or httpx.create_ssl_context(trust_env=False),
            max_connections=CONNECTIONS,
            max_keepalive_connections=IDLE_CONNECTIONS,
            keepalive_expiry=5.0,
            network_backend=GuardedBackend(allow_private=allow_private),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not isinstance(request.stream, httpx.AsyncByteStream):
            raise TypeError("the content of a request must be bytes or an async iterator")
        with _as_httpx(request):
            response = await self._pool.handle_async_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(
                        scheme=request.url.raw_scheme,
                        host=request.url.raw_host,
                        port=request.url.port,
                        target=request.url.raw_path,
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Answer(response, request),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Answer(httpx.AsyncByteStream):
    """The body of an answer, as long as it stays within LARGEST_ANSWER."""

    def __init__(self, response: httpcore.Response, request: httpx.Request) -> None:
        self._response = response
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        assert isinstance(self._response.stream, AsyncIterable)
        with _as_httpx(self._request):
            async for part in self._response.stream:
                size += len(part)
                if size > LARGEST_ANSWER:
                    raise httpcore.ReadError(f"the answer is longer than {LARGEST_ANSWER} bytes")
                yield part

    async def aclose(self) -> None:
        await self._response.aclose()


@contextmanager
def _as_httpx(request: httpx.Request) -> Iterator[None]:
    """Raise httpcore's exceptions as httpx's, which have the same names."""
    try:
        yield
    except (
        httpcore.TimeoutException,
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.ProxyError,
        httpcore.UnsupportedProtocol,
    ) as error:
        named = getattr(httpx, type(error).__name__, httpx.TransportError)
        raise named(str(error), request=request) from error
