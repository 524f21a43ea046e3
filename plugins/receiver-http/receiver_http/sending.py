"""One request to a target: its headers, its signature, and what the answer means.

Must not know: which events are in it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import httpx

from receiver import Retry, Sink
from receiver_http.answer import excerpt, judge
from receiver_http.settings import HttpSettings
from receiver_http.signing import signature

OPENING = 4096
"""Bytes of an answer that are read."""
OPENING_SECONDS = 1.0
"""How long the answer's body is waited for once its status is known."""


class Sending(Sink):
    """What both sinks here do: a signed request, and a verdict by its answer."""

    settings: HttpSettings

    def open(self) -> None:
        """Read the template and the secrets once."""
        self._body = self.settings.shape()
        self._key = self.settings.key()
        self._echoes = self.settings.echoes()

    async def _deliver(self, message_id: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Send a body and return when the target has answered 2xx; else raise Retry or Reject.

        `message_id` tells a target that a message comes again.
        """
        response = await self._send(body, self._headers(message_id, body, headers))
        try:
            text = excerpt(await _opening(response), self._echoes)
        finally:
            await response.aclose()
        judge(
            response.status_code,
            retry_after=response.headers.get("retry-after"),
            text=text,
            now=datetime.now(UTC),
        )

    def _headers(self, message_id: str, body: bytes, more: Mapping[str, str]) -> dict[str, str]:
        headers = {name: value.get_secret_value() for name, value in self.settings.headers.items()}
        headers.update(more)
        headers["webhook-id"] = message_id
        if self._key is not None:
            timestamp = int(time.time())
            headers["webhook-timestamp"] = str(timestamp)
            headers["webhook-signature"] = signature(
                self._key, message_id=message_id, timestamp=timestamp, body=body
            )
        return headers

    async def _send(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        """The answer, its body not read yet. Raises Retry when there is none."""
        request = self.http.build_request(
            self.settings.method,
            self.settings.url.get_secret_value(),
            content=body,
            headers=headers,
            timeout=self.settings.timeout,
        )
        try:
            async with asyncio.timeout(self.settings.timeout):
                return await self.http.send(request, stream=True)
        except (TimeoutError, httpx.TimeoutException):
            raise Retry(f"no answer within {self.settings.timeout:g} s") from None
        except httpx.TransportError as error:
            said = excerpt(str(error).encode(), self._echoes)
            raise Retry(f"no answer: {type(error).__name__}: {said}") from error


async def _opening(response: httpx.Response) -> bytes:
    """The first bytes of an answer. What is wrong with the rest does not change what it says."""
    opening = bytearray()
    try:
        async with asyncio.timeout(OPENING_SECONDS):
            async for chunk in response.aiter_raw():
                opening += chunk
                if len(opening) >= OPENING:
                    break
    except (TimeoutError, httpx.TransportError):
        return bytes(opening)
    return bytes(opening[:OPENING])
