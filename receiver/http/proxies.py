"""Who sent a request, as far as we believe what proxies say: for logs, metrics and allow-lists.

`X-Forwarded-For` and `X-Forwarded-Proto` count when the connection comes from a configured proxy;
from anybody else they are text that a stranger wrote. Must not know: settings, connections.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from receiver.locator import Headers

_SCHEMES = {b"http": "http", b"https": "https"}


class Proxies:
    """The proxies that are believed."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        """`networks`: addresses or CIDR blocks. ValueError for what is neither."""
        self._networks = tuple(ip_network(network) for network in networks)

    def trust(self, host: str | None) -> bool:
        """Whether the peer at this address is a configured proxy."""
        address = _address(host or "")
        return address is not None and any(address in network for network in self._networks)

    def believe(self, scope: dict[str, Any], headers: Headers) -> None:
        """Take over into an ASGI scope what a proxy says about the sender."""
        client = self.client(headers)
        if client is not None:
            scope["client"] = (client, 0)
        scope["scheme"] = _scheme(headers) or scope["scheme"]

    def client(self, headers: Headers) -> str | None:
        """The address that the nearest believed proxy saw; None when none is told.

        Each proxy appends the address of its peer, so the last one that is no proxy of ours is
        the farthest that somebody we believe has seen. What stands before it may be invented, and
        what is no address ends the search.
        """
        values = [value for name, value in headers if name == b"x-forwarded-for"]
        told = b",".join(values).decode("latin-1").split(",") if values else []
        nearest: str | None = None
        for hop in reversed(told):
            address = _address(_host(hop.strip()))
            if address is None:
                break
            nearest = str(address)
            if not any(address in network for network in self._networks):
                break
        return nearest


def _scheme(headers: Headers) -> str | None:
    """The scheme that a proxy says the request came in with; None when it says nothing usable."""
    values = [value for name, value in headers if name == b"x-forwarded-proto"]
    return _SCHEMES.get(values[-1].strip().lower()) if values else None


def _host(hop: str) -> str:
    """The address of `address`, `v4:port` or `[v6]:port`."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An address; one of IPv4 that was mapped into IPv6 is the former."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
