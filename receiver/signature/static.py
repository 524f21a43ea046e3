"""A header with a secret value that the sender was told to send; proves the sender, not the body.

Must not know: which platform sends so, where secrets are kept.
"""

from __future__ import annotations

import hmac
from datetime import datetime

from receiver.contract import Scheme
from receiver.errors import ConfigError, SignatureError
from receiver.keyring import HeaderSecret, SigningKey, SourceKeys
from receiver.locator import Headers
from receiver.signature import fields


def configured(keys: SourceKeys) -> bool:
    return bool(keys.headers)


def present(scheme: Scheme, keys: SourceKeys, headers: Headers) -> bool:
    names = {secret.field_name for secret in keys.headers}
    return any(name in names for name, _ in headers)


def problems(scheme: Scheme, keys: SourceKeys) -> list[str]:
    """A header's name and value were checked when they were read."""
    return []


def verify(scheme: Scheme, keys: SourceKeys, headers: Headers, body: bytes, now: datetime) -> str:
    """The name of the configured header secret that the request carries.

    The header's name is configured with the value; the one in the spec is only its default.
    """
    given: dict[bytes, bytes] = {}
    for name in {secret.field_name for secret in keys.headers}:
        if fields.values(headers, name):
            given[name] = fields.one(headers, name)
    if not given:
        raise SignatureError("missing")
    hits = [
        hmac.compare_digest(secret.value, given.get(secret.field_name, b""))
        for secret in keys.headers
    ]
    for secret, hit in zip(keys.headers, hits, strict=True):
        if hit:
            return secret.name
    raise SignatureError("mismatch")


def sign(
    scheme: Scheme, key: SigningKey, body: bytes, now: datetime, id: str, strip_prefix: str | None
) -> list[tuple[str, str]]:
    if not isinstance(key, HeaderSecret):
        raise ConfigError(f"the scheme {scheme.name!r} needs the name and value of a header")
    return [(key.header, key.value.decode("latin-1"))]
