"""Which queue, with whose keys, and a connection to it.

Must not know: events, what is sent or taken.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

from receiver import Retry

ARN = re.compile(r"arn:[a-z0-9-]+:sqs:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):(?P<name>[\w.-]+)")
NAME = re.compile(r"[A-Za-z0-9_-]{1,75}(?P<fifo>\.fifo)|[A-Za-z0-9_-]{1,80}")
REGION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
FIFO = ".fifo"

Addresses = Callable[[str, int], Awaitable[list[str]]]


class Access(BaseModel):
    """Which queue, with whose keys."""

    queue: str = Field(description="Its name, ARN or URL.", examples=["events"])
    region: str | None = Field(
        default=None,
        description="Such as eu-west-1; by default that of the ARN or URL, or of the environment.",
    )
    access_key: str | None = Field(
        default=None,
        description="By default the credentials that AWS's own tools find: environment, profile,"
        " role.",
    )
    secret_key: SecretStr | None = Field(default=None, description="The other half of them.")
    endpoint: str | None = Field(
        default=None, description="Where the API is, if not at AWS's own address for the region."
    )

    @field_validator("region")
    @classmethod
    def _is_region(cls, region: str | None) -> str | None:
        if region is not None and not REGION.fullmatch(region):
            raise ValueError("is no region; write it as eu-west-1")
        return region

    @field_validator("endpoint")
    @classmethod
    def _is_address(cls, endpoint: str | None) -> str | None:
        parts = urlsplit(endpoint or "https://a")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise ValueError("must be a whole http:// or https:// address")
        return endpoint

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        self.place()
        if (self.access_key is None) != (self.secret_key is None):
            raise ValueError("`access_key` and `secret_key` are given together, or neither")
        return self

    def place(self) -> Place:
        """Where the queue is. Raises ValueError for what is no name, ARN or URL of one."""
        arn = ARN.fullmatch(self.queue)
        if arn:
            return Place(arn["name"], arn["account"], self.region or arn["region"])
        name, account, region = self.queue, None, self.region
        if "://" in self.queue:
            parts = urlsplit(self.queue)
            path = parts.path.strip("/").split("/")
            if len(path) != 2 or not path[0].isdigit():
                raise ValueError(f"{self.queue!r} is no URL of a queue")
            account, name = path
            host = (parts.hostname or "").split(".")
            if region is None and host[0] == "sqs" and len(host) > 3:
                region = host[1]
        if not NAME.fullmatch(name):
            raise ValueError(f"{self.queue!r} is no name, ARN or URL of a queue")
        return Place(name, account, region)


@dataclass(frozen=True, slots=True)
class Place:
    """A queue, by name; its URL is asked for, so nothing is sent to an address of a setting."""

    name: str
    account: str | None
    region: str | None

    @property
    def fifo(self) -> bool:
        """Whether it keeps an order."""
        return self.name.endswith(FIFO)


class Queue:
    """A connection to one queue. `client` is aiobotocore's, which ships no types."""

    def __init__(self, access: Access, addresses: Addresses) -> None:
        """`addresses` tells where may be connected to."""
        self.place = access.place()
        self.client: Any = None
        self.url = ""
        self.failures: tuple[type[Exception], ...] = (OSError,)
        """What a request may raise, once it is open."""
        self._access = access
        self._addresses = addresses
        self._stack = AsyncExitStack()

    async def open(self, *, wait: float) -> None:
        """Connect; an answer may take `wait` seconds. Raises Retry, which names what is missing."""
        from receiver_sqs import connection  # here, for importing it opens a socket

        self.failures = connection.FAILURES
        try:
            made = connection.client(self._access, self.place.region, self._addresses, wait)
            self.client = await self._stack.enter_async_context(made)
            # A host that is an address is not resolved, and so not judged by the resolver.
            parts = urlsplit(self.client.meta.endpoint_url)
            await self._addresses(str(parts.hostname), parts.port or 443)
            asked = {"QueueName": self.place.name}
            if self.place.account is not None:
                asked["QueueOwnerAWSAccountId"] = self.place.account
            self.url = (await self.client.get_queue_url(**asked))["QueueUrl"]
        except BaseException as error:
            said = self.worded(error) if isinstance(error, self.failures) else None
            await self.close()
            if said is None:
                raise
            raise Retry(said) from None

    async def close(self) -> None:
        """Let go of the connection."""
        await self._stack.aclose()
        self.client = None

    def worded(self, error: Exception) -> str:
        """What is wrong, with the queue's name."""
        name = self.place.name
        response = getattr(error, "response", None)
        if isinstance(response, dict):  # what botocore's ClientError has
            told = response.get("Error", {})
            code = str(told.get("Code", ""))
            if code.endswith(("NonExistentQueue", "QueueDoesNotExist")):
                region = self.client.meta.region_name if self.client else self.place.region
                return f"there is no queue {name} in {region}"
            return f"queue {name}: {code}: {told.get('Message', '')}"
        return f"queue {name}: {str(error) or type(error).__name__}"
