"""flespi's REST pull: the messages of a channel, asked for with a long poll.

Format: GET /gw/channels/ID/messages with `data` (curr_key, timeout, delete, limit_count,
limit_size), answered {"result": […], "next_key": N}; the module flespi_receiver, core.py. Asking
again with `next_key` and `delete` is what removes the messages before it, and nothing else does.
Must not know: how messages become events, where they are kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
from pydantic import Field, SecretStr, field_validator

from receiver.errors import Retry
from receiver.transport import Batch, Message, Transport, TransportSettings

MARGIN = 20.0
"""Seconds that an answer may take beyond the long poll."""
LONGEST_REASON = 200


class FlespiSettings(TransportSettings):
    """Which channel, and how much at once."""

    channel: int = Field(ge=1, description="The number of the channel.")
    token: SecretStr = Field(description="A token that may read the channel's messages.")
    url: str = Field(default="https://flespi.io", description="Where the platform's API is.")
    start: int = Field(default=0, ge=0, description="The key to begin at; 0: the oldest message.")
    delete: bool = Field(
        default=True,
        description="Whether messages that are on disk here are removed from the channel.",
    )
    timeout: int = Field(
        default=10, ge=1, le=90, description="Seconds that a request waits for messages."
    )
    limit_count: int = Field(default=1000, ge=1, description="Messages in one answer, at most.")
    limit_size: int = Field(
        default=8 * 1024 * 1024,
        ge=1024,
        le=15 * 1024 * 1024,
        description="Bytes of one answer, about.",
    )

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise ValueError("must be a whole https:// address, such as https://flespi.io")
        return url.rstrip("/")


class Answer(msgspec.Struct):
    """What the platform answers; each message stays as it was written."""

    result: list[msgspec.Raw]
    next_key: int | None = None
    errors: list[Any] = []


class FlespiRest(Transport):
    """Pull the messages of a flespi channel over its REST API."""

    class Settings(FlespiSettings):
        """Which channel, and how much at once."""

    source = "flespi"
    scheme = "flespi"

    settings: Settings

    @property
    def stream(self) -> str:
        """A key counts within one channel."""
        return f"{self.settings.url}/{self.settings.channel}"

    async def pull(self, cursor: str | None) -> Batch:
        """The messages from `cursor` on; asking for them removes those before it.

        Whatever stands before `cursor` is on disk, for the cursor is kept with it. Raises Retry for
        every answer that is not one.
        """
        settings = self.settings
        key = settings.start if cursor is None else int(cursor)
        asked = {
            "curr_key": key,
            "timeout": settings.timeout,
            # With nothing pulled before there is nothing to acknowledge.
            "delete": settings.delete and cursor is not None,
            "limit_count": settings.limit_count,
            "limit_size": settings.limit_size,
        }
        answer = read(await self._answer(asked))
        if answer.next_key is None and answer.result:
            raise Retry("the answer has messages and no next_key")
        last = key if answer.next_key is None else answer.next_key
        if answer.result and last == key:
            raise Retry("the answer has messages, and next_key is where it began")
        return Batch(
            messages=tuple(Message(bytes(raw)) for raw in answer.result),
            cursor=None if last == key else str(last),
        )

    async def _answer(self, asked: Mapping[str, Any]) -> bytes:
        settings = self.settings
        try:
            response = await self.http.get(
                f"{settings.url}/gw/channels/{settings.channel}/messages",
                params={"data": json.dumps(asked, separators=(",", ":"))},
                headers={
                    "Authorization": f"FlespiToken {settings.token.get_secret_value()}",
                    "Content-Type": "application/json",
                },
                timeout=httpx.Timeout(settings.timeout + MARGIN),
            )
        except httpx.HTTPError as error:
            raise Retry(f"no answer: {type(error).__name__}: {error}") from None
        if response.status_code != 200:
            said = f"answered {response.status_code}{_reason(response.content)}"
            raise Retry(said, after=_after(response.headers.get("retry-after")))
        return response.content

    @classmethod
    def looking(cls, url: str) -> Mapping[str, Any]:
        """`flespi://CHANNEL`: messages stay in the channel."""
        channel = re.fullmatch(r"flespi://(\d+)/?", url)
        if channel is None:
            raise ValueError("write flespi://CHANNEL, the channel's number")
        return {"channel": int(channel[1]), "delete": False}


def read(content: bytes) -> Answer:
    """An answer with status 200. Raises Retry when it tells of errors or is nonsense."""
    try:
        answer = msgspec.json.decode(content, type=Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Retry(f"the answer is not what it should be: {error}") from None
    if answer.errors and not answer.result:
        raise Retry(f"answered with errors{_reason(content)}")
    return answer


def _reason(content: bytes) -> str:
    """The platform's own words for an error: {"errors": [{"code": …, "reason": …}]}."""
    try:
        found = json.loads(content)["errors"][0]
        reason = str(found["reason"]) if isinstance(found, dict) else str(found)
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return f": {reason[:LONGEST_REASON]}"


def _after(value: str | None) -> float | None:
    """Seconds that a Retry-After header asks for: a number of them, or a date."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime.now(UTC)).total_seconds()
