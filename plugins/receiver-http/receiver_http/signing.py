"""Standard Webhooks signatures with a shared secret (github.com/standard-webhooks, spec 1.0.0).

Must not know: HTTP, the sink, the clock.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix of every secret, not a secret
KEY_BYTES = range(24, 65)
"""Lengths of a key that the specification allows ("at least 24 bytes, 512 bits maximum")."""


def key_of(secret: str) -> bytes:
    """The key in a `whsec_…` secret (base64, padded or not).

    Raises ValueError, whose message does not hold the secret, for anything else.
    """
    if not secret.startswith(SECRET_PREFIX):
        raise ValueError(f"a Standard Webhooks secret starts with {SECRET_PREFIX}")
    text = secret.removeprefix(SECRET_PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"what follows {SECRET_PREFIX} must be base64") from None
    if len(key) not in KEY_BYTES:
        raise ValueError(
            f"the secret holds {len(key)} bytes; it must hold"
            f" {KEY_BYTES.start} to {KEY_BYTES.stop - 1}"
        )
    return key


def signature(key: bytes, *, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature` for one attempt; `timestamp` in seconds since the epoch."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode("ascii")
