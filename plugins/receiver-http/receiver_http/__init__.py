"""A Receiver sink that sends each event to a URL, signed as Standard Webhooks says.

Must not know: anything of Receiver but its public names.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import httpx

from receiver import Event, Retry, Sink, hookimpl
from receiver_http.answer import excerpt, judge
from receiver_http.settings import HttpSettings
from receiver_http.signing import signature

__all__ = ["Http"]
__version__ = "0.1.0"

OPENING = 4096
"""Bytes of an answer that are read."""
OPENING_SECONDS = 1.0
"""How long the answer's body is waited for once its status is known."""


class Http(Sink):
    """Send each event to a URL: as a CloudEvent, as it came, or through a template."""

    class Settings(HttpSettings):
        """Where to, how, and signed with what."""

    settings: Settings

    def open(self) -> None:
        """Read the template and the secrets once."""
        self._body = self.settings.shape()
        self._key = self.settings.key()
        self._echoes = self.settings.echoes()

    @hookimpl
    async def on_event(self, event: Event[Any]) -> None:
        """Send one event and return when the target has answered 2xx."""
        body = self._body.render(event)
        response = await self._send(body, self._headers(event, body))
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

    def _headers(self, event: Event[Any], body: bytes) -> dict[str, str]:
        """The request's headers; the id tells a target that an event comes again."""
        headers = {name: value.get_secret_value() for name, value in self.settings.headers.items()}
        headers["content-type"] = self._body.content_type
        headers["webhook-id"] = event.id
        if self._key is not None:
            timestamp = int(time.time())
            headers["webhook-timestamp"] = str(timestamp)
            headers["webhook-signature"] = signature(
                self._key, message_id=event.id, timestamp=timestamp, body=body
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
