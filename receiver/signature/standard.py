"""Standard Webhooks: HMAC-SHA-256 over id, timestamp and body (standardwebhooks.com).

The three headers share a start: `webhook-id`, `webhook-timestamp`, `webhook-signature`, or what
stands before `-signature` in the scheme's header. Must not know: which platform signs so.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from datetime import datetime

from receiver.contract import Scheme
from receiver.errors import ConfigError, SignatureError
from receiver.keyring import Secret, SigningKey, SourceKeys
from receiver.locator import Headers
from receiver.signature import fields, shared, spelling

SECRET_PREFIX = b"whsec_"
VERSION = b"v1,"
"""The symmetric scheme; other versions in the list are passed over."""

_TIMESTAMP = re.compile(rb"[0-9]{1,12}")
_SIZE = 32


def configured(keys: SourceKeys) -> bool:
    return bool(keys.secrets)


def present(scheme: Scheme, keys: SourceKeys, headers: Headers) -> bool:
    return bool(fields.values(headers, fields.field_name(scheme.header)))


def problems(scheme: Scheme, keys: SourceKeys) -> list[str]:
    return [
        f"the secret {secret.name!r} is not base64 after {SECRET_PREFIX.decode()!r}, as the scheme "
        f"{scheme.name!r} needs it"
        for secret in keys.secrets
        if not _key(secret)
    ]


def verify(scheme: Scheme, keys: SourceKeys, headers: Headers, body: bytes, now: datetime) -> str:
    """The name of the secret that one of the signatures is of, its timestamp being of now.

    The tolerance goes both ways. A secret that is not base64 proves nothing (see `problems`).
    """
    signature, identifier, timestamp = (
        fields.one(headers, fields.field_name(name)) for name in _names(scheme)
    )
    if not _TIMESTAMP.fullmatch(timestamp):
        raise SignatureError("malformed")
    given = _given(signature)
    signed = b"%s.%s.%s" % (identifier, timestamp, body)
    candidates = [
        (secret.name, hmac.digest(key, signed, "sha256"))
        for secret in shared.live(keys, now)
        if (key := _key(secret))
    ]
    name = shared.matching(candidates, given)
    if abs(now.timestamp() - int(timestamp)) > scheme.tolerance:
        raise SignatureError("stale")
    return name


def sign(
    scheme: Scheme, key: SigningKey, body: bytes, now: datetime, id: str, strip_prefix: str | None
) -> list[tuple[str, str]]:
    secret = _key(key) if isinstance(key, Secret) else None
    if not secret:
        raise ConfigError(f"the scheme {scheme.name!r} signs with a secret in base64")
    timestamp = str(int(now.timestamp()))
    digest = hmac.digest(secret, f"{id}.{timestamp}.".encode() + body, "sha256")
    signature, id_name, timestamp_name = _names(scheme)
    return [
        (id_name, id),
        (timestamp_name, timestamp),
        (signature, (VERSION + b64encode(digest)).decode("ascii")),
    ]


def _names(scheme: Scheme) -> tuple[str, str, str]:
    """The headers of the signature, the id and the timestamp."""
    start = re.sub(r"-signature$", "", scheme.header, flags=re.IGNORECASE)
    return scheme.header, f"{start}-id", f"{start}-timestamp"


def _given(value: bytes) -> list[bytes]:
    parts = value.split()
    if len(parts) > spelling.MAX_DIGESTS:
        raise SignatureError("malformed")
    digests = [
        spelling.decode("base64", part[len(VERSION) :])
        for part in parts
        if part.startswith(VERSION)
    ]
    found = [digest for digest in digests if digest is not None and len(digest) == _SIZE]
    if not found:
        raise SignatureError("malformed")
    return found


def _key(secret: Secret) -> bytes | None:
    """The bytes that a secret's base64 stands for, None or nothing where it is not base64."""
    return spelling.decode("base64", secret.value.removeprefix(SECRET_PREFIX))
