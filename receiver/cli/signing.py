"""Signed requests as a platform would send them, made with the keys that are here.

Must not know: where they are sent, or what is answered.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from receiver.errors import ConfigError, ReceiverError

if TYPE_CHECKING:
    from receiver.contract import Contract, EventType, Operation
    from receiver.keyring import SigningKey
    from receiver.settings import Configuration


@dataclass(frozen=True, slots=True)
class Request:
    """One signed request."""

    path: str
    headers: dict[str, str]
    body: bytes


def maker(
    found: Configuration,
    contract: Contract,
    event: EventType,
    changes: list[str],
    raw: Path | None,
) -> Callable[[], Request]:
    """What makes the next request; whatever can be wrong is found before the first."""
    import uuid_utils

    from receiver import samples

    operation = samples.operation_for(contract, event)
    sign = signer(found, contract, operation)
    wanted = [samples.assignment(change) for change in changes]
    try:
        given = raw.read_bytes() if raw else None
    except OSError as error:
        raise ReceiverError(f"--raw {raw}: {error.strerror}") from None

    def make() -> Request:
        now = datetime.now(UTC)
        fresh = str(uuid_utils.uuid7())
        made = samples.sample(event, operation, now, fresh)
        for path, value in wanted:
            samples.change(made.body, path, value)
        body = samples.payload(made, operation) if given is None else given
        headers = {"Content-Type": "application/json", **made.headers, **sign(body, now, fresh)}
        return Request(samples.url_path(made, operation), headers, body)

    return make


def prober(
    found: Configuration, contract: Contract, operation: Operation
) -> Callable[[bytes], Request]:
    """What makes a signed request of any body for an operation. Raises ConfigError."""
    import uuid_utils

    from receiver import samples

    sign = signer(found, contract, operation)
    event = next(event for event in contract.events if event.name in operation.events)

    def make(body: bytes) -> Request:
        now, fresh = datetime.now(UTC), str(uuid_utils.uuid7())
        made = samples.sample(event, operation, now, fresh)
        headers = {"Content-Type": "application/json", **made.headers, **sign(body, now, fresh)}
        return Request(samples.url_path(made, operation), headers, body)

    return make


def signer(
    found: Configuration, contract: Contract, operation: Operation
) -> Callable[[bytes, datetime, str], dict[str, str]]:
    """What signs for an operation, with the first of its alternatives that there are keys for.

    Raises ConfigError.
    """
    from receiver import keptsecrets, secrets, signature

    kept = keptsecrets.read(found.store_path.parent)
    ring = secrets.keyring(found, contract, os.environ, kept)
    keys = ring.for_source(operation.source)
    if keys is None:
        raise ConfigError(
            f"there are no secrets of source {operation.source} to sign with; start `receiver dev` "
            f"here once, or configure [sources.{operation.source}]"
        )
    own = kept.get(operation.source, keptsecrets.Kept())
    now = datetime.now(UTC)
    available: list[SigningKey] = [*keys.live(now), *keys.headers, *own.signing_keys()]
    for alternative in secrets.requirements(contract, operation):
        chosen = [
            next((key for key in available if _signs(scheme, key, keys.strip_prefix)), None)
            for scheme in alternative
        ]
        if None not in chosen:
            pairs = list(zip(alternative, chosen, strict=True))

            def sign(body: bytes, at: datetime, fresh: str, pairs: Any = pairs) -> dict[str, str]:
                headers: dict[str, str] = {}
                for scheme, key in pairs:
                    headers |= signature.sign(scheme, key, body, at, fresh, keys.strip_prefix)
                return headers

            return sign
    raise ConfigError(
        f"source {operation.source} has nothing to sign with here: a public key proves, "
        "and only the platform has the private one"
    )


def _signs(scheme: Any, key: SigningKey, strip_prefix: str | None) -> bool:
    """Whether a key is of the kind that a scheme signs with."""
    from receiver import signature

    try:
        signature.sign(scheme, key, b"", datetime.now(UTC), "-", strip_prefix)
    except ConfigError:
        return False
    return True
