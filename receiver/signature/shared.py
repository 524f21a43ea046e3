"""HMAC of the raw body with a shared secret (RFC 2104), in a header of any common spelling.

Must not know: which platform signs so, where secrets are kept.
"""

from __future__ import annotations

import hmac
from datetime import datetime

from receiver.contract import Scheme
from receiver.errors import ConfigError, SignatureError
from receiver.keyring import Secret, SigningKey, SourceKeys
from receiver.locator import Headers
from receiver.signature import fields, spelling

SIZES = {"sha1": 20, "sha256": 32, "sha512": 64}
"""Bytes of a digest, by algorithm."""


def configured(keys: SourceKeys) -> bool:
    return bool(keys.secrets)


def present(scheme: Scheme, keys: SourceKeys, headers: Headers) -> bool:
    return bool(fields.values(headers, fields.field_name(scheme.header)))


def problems(scheme: Scheme, keys: SourceKeys) -> list[str]:
    """Any text makes a key."""
    return []


def verify(scheme: Scheme, keys: SourceKeys, headers: Headers, body: bytes, now: datetime) -> str:
    """The name of the secret of which one of the header's digests is."""
    value = fields.one(headers, fields.field_name(scheme.header))
    given = spelling.digests(scheme, value, SIZES[scheme.algorithm])
    candidates = [
        (secret.name, hmac.digest(_key(secret, keys.strip_prefix), body, scheme.algorithm))
        for secret in live(keys, now)
    ]
    return matching(candidates, given)


def sign(
    scheme: Scheme, key: SigningKey, body: bytes, now: datetime, id: str, strip_prefix: str | None
) -> list[tuple[str, str]]:
    if not isinstance(key, Secret):
        raise ConfigError(f"the scheme {scheme.name!r} signs with a secret")
    digest = hmac.digest(_key(key, strip_prefix), body, scheme.algorithm)
    return [(scheme.header, spelling.written(scheme, digest))]


def live(keys: SourceKeys, now: datetime) -> tuple[Secret, ...]:
    """The secrets that count now. Raises SignatureError (`expired`) when the last one is gone."""
    secrets = keys.live(now)
    if not secrets:
        raise SignatureError("expired")
    return secrets


def matching(candidates: list[tuple[str, bytes]], given: list[bytes]) -> str:
    """The name beside the expected digest that is among the given ones.

    Each is compared with each, whatever was found before, so that the time taken tells neither how
    many bytes were right nor which secret they were right for. Raises SignatureError (`mismatch`).
    """
    matched: str | None = None
    for name, expected in candidates:
        hits = [hmac.compare_digest(expected, digest) for digest in given]
        if True in hits and matched is None:
            matched = name
    if matched is None:
        raise SignatureError("mismatch")
    return matched


def _key(secret: Secret, strip_prefix: str | None) -> bytes:
    return secret.value.removeprefix(strip_prefix.encode()) if strip_prefix else secret.value
