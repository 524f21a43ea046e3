"""Asks addresses that strangers have named, after they were checked: little, briefly, once.

Must not know: which addresses are right, what is asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx

from receiver import outbound

SECONDS = 3.0
"""For all of one question; the sender of the request that causes it waits meanwhile."""
LARGEST = 64 * 1024
"""Bytes of an answer; a certificate has some two thousand."""

MakeClient = Callable[[bool], httpx.AsyncClient]
"""A client that does not follow redirects; the argument: whether it may ask private addresses."""


class NoAnswer(Exception):
    """Nothing could be had; the message says why."""


def _client(allow_private: bool) -> httpx.AsyncClient:
    return outbound.client(allow_private=allow_private)


class Asker:
    """Asks over clients of its own, made when the first question is asked, closed by `close`."""

    def __init__(self, make: MakeClient = _client, *, seconds: float = SECONDS) -> None:
        self._make = make
        self._seconds = seconds
        self._clients: dict[bool, httpx.AsyncClient] = {}

    async def get(self, url: str, *, allow_private: bool) -> bytes:
        """The body of a 200. Raises NoAnswer for everything else."""
        try:
            async with asyncio.timeout(self._seconds):
                client = await self._client(allow_private)
                async with client.stream("GET", url) as response:
                    if response.status_code != 200:
                        raise NoAnswer(f"{_host(url)} answers {response.status_code}")
                    return await _bounded(response)
        except TimeoutError:
            raise NoAnswer(f"{_host(url)} does not answer within {self._seconds:g} s") from None
        except (httpx.HTTPError, OSError) as error:
            raise NoAnswer(f"{_host(url)}: {str(error) or type(error).__name__}") from None

    async def close(self) -> None:
        """Close every connection."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.aclose()

    async def _client(self, allow_private: bool) -> httpx.AsyncClient:
        if allow_private not in self._clients:
            # To read the machine's certificates takes tens of milliseconds.
            made = await asyncio.to_thread(self._make, allow_private)
            if self._clients.setdefault(allow_private, made) is not made:
                await made.aclose()
        return self._clients[allow_private]


async def _bounded(response: httpx.Response) -> bytes:
    body = b""
    async for part in response.aiter_raw():
        body += part
        if len(body) > LARGEST:
            raise NoAnswer(f"the answer has more than {LARGEST} bytes")
    return body


def _host(url: str) -> str:
    return httpx.URL(url).host
