"""A client of the S3 API, which connects to permitted addresses only.

Imported when a sink opens: botocore opens a socket when it is imported. Must not know: events.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from aiohttp.abc import AbstractResolver, ResolveResult
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from receiver_s3.settings import S3Settings

FAILURES: tuple[type[Exception], ...] = (BotoCoreError, ClientError, OSError)
"""What a request may raise."""

CONNECT_SECONDS = 10
ANSWER_SECONDS = 20
ATTEMPTS = 3
"""Of one request, all under the same key; after that the route tries again."""

Addresses = Callable[[str, int], Awaitable[list[str]]]


def client(settings: S3Settings, addresses: Addresses) -> Any:
    """A context manager of aiobotocore's client. `addresses` tells where may be connected to."""
    for name in ("aiobotocore", "botocore"):
        # At DEBUG they write every request with its headers, and so the access key.
        logging.getLogger(name).setLevel(logging.INFO)
    keys: dict[str, str] = {}
    if settings.access_key is not None and settings.secret_key is not None:
        keys["aws_access_key_id"] = settings.access_key
        keys["aws_secret_access_key"] = settings.secret_key.get_secret_value()
    config = AioConfig(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=ANSWER_SECONDS,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        s3={"addressing_style": "path" if settings.endpoint else "auto"},
        connector_args={"resolver": _Resolver(addresses)},
    )
    return get_session().create_client(
        "s3",
        region_name=settings.region,
        endpoint_url=settings.endpoint,
        config=config,
        **keys,
    )


def code(error: Exception) -> str:
    """The word by which S3 names a failure, else the exception's type."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "")) or type(error).__name__
    return type(error).__name__


class _Resolver(AbstractResolver):
    """Resolves names to addresses that may be connected to."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=int(socket.AI_NUMERICHOST),
            )
            for address in await self._addresses(host, port)
        ]

    async def close(self) -> None:
        """There is nothing to let go of."""
