"""A client of the SQS API, which connects to permitted addresses only.

Imported when a queue is opened: botocore opens a socket when it is imported. Must not know: queues,
messages.
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
    from receiver_sqs.queue import Access

FAILURES: tuple[type[Exception], ...] = (BotoCoreError, ClientError, OSError)
"""What a request may raise."""

CONNECT_SECONDS = 10

Addresses = Callable[[str, int], Awaitable[list[str]]]


def client(access: Access, region: str | None, addresses: Addresses, wait: float) -> Any:
    """A context manager of aiobotocore's client; an answer may take `wait` seconds.

    `addresses` tells where may be connected to. Raises one of FAILURES.
    """
    for name in ("aiobotocore", "botocore"):
        # At DEBUG they write every request with its headers, and so the access key.
        logging.getLogger(name).setLevel(logging.INFO)
    keys: dict[str, str] = {}
    if access.access_key is not None and access.secret_key is not None:
        keys["aws_access_key_id"] = access.access_key
        keys["aws_secret_access_key"] = access.secret_key.get_secret_value()
    config = AioConfig(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=wait,
        # Receiver tries again itself, and tells of it.
        retries={"total_max_attempts": 1},
        connector_args={"resolver": _Resolver(addresses)},
    )
    return get_session().create_client(
        "sqs", region_name=region, endpoint_url=access.endpoint, config=config, **keys
    )


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
