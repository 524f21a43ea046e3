"""Reading a request's body once: whole, bounded in size, time and memory, or not at all.

Must not know: what the bytes mean, who gets them, how a refusal is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from starlette.types import Message, Receive

from receiver.deadline import Deadlines, Wait
from receiver.locator import Headers
from receiver.replies import Outcome, TooLarge, TooSlow, Unavailable

LENGTH = "receiver.length"
"""The key of the ASGI scope for the bytes of body that a request announces (0: none, or chunks).

Our own `protocol` sets it, when the headers are within their limits.
"""

BODY_SECONDS = 10.0
"""From the end of the headers to the end of the body."""

BYTES_IN_FLIGHT = 64 * 1024 * 1024
"""Of bodies of all requests of this process that are not answered yet.

A quarter is kept for bodies that come at once: senders of halves cannot fill it.
"""

_RETRY_AFTER = 5
"""Seconds until the bodies in memory should be dealt with."""

_READ_ON = 16 * 1024 * 1024
"""Bytes of a refused body that are read so that its sender sees the answer."""


BODY_DROPPED = Unavailable(60, "the HTTP server dropped the body", read=False)
"""The outcome for a body that was sent and did not reach us."""


def was_dropped(headers: Headers) -> bool:
    """Whether the request of an empty body had one when it was sent.

    uvicorn with httptools loses the body of a request that offers to upgrade the connection, as
    Java's client does with h2c over plain HTTP. That is no fault of the sender's: never a 401.
    """
    sent = dict(headers)
    return b"upgrade" in sent and (
        b"transfer-encoding" in sent or sent.get(b"content-length", b"0").strip(b"0") != b""
    )


class Bodies:
    """The bodies of all requests that are under way in this process."""

    def __init__(
        self, *, seconds: float = BODY_SECONDS, bytes_in_flight: int = BYTES_IN_FLIGHT
    ) -> None:
        self.held = 0
        """Bytes of bodies in memory now."""
        self._bytes_in_flight = bytes_in_flight
        self._deadlines = Deadlines(seconds)

    async def read(self, receive: Receive, limit: int) -> bytes | Outcome | None:
        """The whole body, why it is not taken, or None when the sender went away before its end.

        `limit` is in bytes. What is returned as bytes counts as held until `release`.
        """
        wait = self._deadlines.begin()
        try:
            message = await receive()
            if message["type"] != "http.request":
                return None
            if message.get("more_body", False):
                return await self._read_long(receive, limit, message, wait)
            return self.take(message.get("body", b""), limit)
        except asyncio.CancelledError:
            if self._deadlines.caught(wait):
                return TooSlow()
            raise
        finally:
            self._deadlines.end(wait)

    def take(self, body: bytes, limit: int) -> bytes | Outcome:
        """As `read`, for a body that is all there."""
        why_not = self._why_not(limit, len(body), len(body), self._bytes_in_flight)
        if why_not is not None:
            return why_not(read=True)
        self.held += len(body)
        return body

    def release(self, body: bytes) -> None:
        """A body that `read` or `take` returned is dealt with."""
        self.held -= len(body)

    def _why_not(
        self, limit: int, size: int, chunk: int, room: int
    ) -> Callable[..., Outcome] | None:
        """Why a body of `size` bytes so far, `chunk` of them not yet held, is not read further."""
        if size > limit:
            return partial(TooLarge, limit)
        if self.held + chunk > room:
            return partial(Unavailable, _RETRY_AFTER, "too many bodies in memory")
        return None

    async def _read_long(
        self, receive: Receive, limit: int, message: Message, wait: Wait
    ) -> bytes | Outcome | None:
        """As `read`, for a body in several messages, of which `message` is the first."""
        chunks: list[bytes] = []
        size = held = 0
        room = self._bytes_in_flight * 3 // 4
        try:
            while message["type"] == "http.request":
                chunk: bytes = message.get("body", b"")
                size += len(chunk)
                why_not = self._why_not(limit, size, len(chunk), room)
                if why_not is not None:
                    break
                self.held += len(chunk)
                held += len(chunk)
                chunks.append(chunk)
                if not message.get("more_body", False):
                    held = 0
                    return b"".join(chunks)
                message = await receive()
            else:
                return None
        finally:
            self.held -= held
        chunks.clear()
        return why_not(read=await self._read_on(receive, message, wait))

    async def _read_on(self, receive: Receive, message: Message, wait: Wait) -> bool:
        """Read a refused body to its end without keeping it; False if that takes too long.

        A connection closed with bytes unread is reset, and its sender never sees the answer.
        """
        read = 0
        try:
            while message.get("more_body", False):
                if read > _READ_ON:
                    return False
                message = await receive()
                read += len(message.get("body", b""))
        except asyncio.CancelledError:
            if not self._deadlines.caught(wait):
                raise
            return False
        return True
