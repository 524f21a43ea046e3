"""HMAC of the raw body with a shared secret (RFC 2104), in a header of any common spelling.

Must not know: which platform signs so, where secrets are kept.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512
from cryptography.hazmat.primitives.hmac import HMAC

from receiver.contract import Scheme
from receiver.errors import ConfigError, SignatureError
from receiver.keyring import Secret, SigningKey, SourceKeys
from receiver.locator import Headers
from receiver.signature import fields, spelling

SIZES = {"sha1": 20, "sha256": 32, "sha512": 64}
"""Bytes of a digest, by algorithm."""

Prove = Callable[[Headers, bytes, datetime], str]
"""As `verify`, of keys that are known before a request comes."""

_HASHES: dict[str, type[SHA1 | SHA256 | SHA512]] = {
    "sha1": SHA1,
    "sha256": SHA256,
    "sha512": SHA512,
}


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
    candidates = [
        (secret.name, _digest(_key(secret, keys.strip_prefix), scheme.algorithm, body))
        for secret in keys.live(now)
    ]
    name = _usual(scheme, candidates, value)
    if name is not None:
        return name
    given = spelling.digests(scheme, value, SIZES[scheme.algorithm])
    if not candidates:
        raise SignatureError("expired")
    return matching(candidates, given)


def quickly(scheme: Scheme, keys: SourceKeys, otherwise: Prove) -> Prove:
    """As `otherwise`, quicker, where the keys are one secret that does not end.

    `otherwise` is asked of all but the usual requests.
    """
    if len(keys.secrets) != 1 or keys.secrets[0].expires is not None:
        return otherwise
    [secret] = keys.secrets
    copy = _begun(_key(secret, keys.strip_prefix), scheme.algorithm).copy
    name, field_name, write = secret.name, fields.field_name(scheme.header), spelling.writer(scheme)
    same = hmac.compare_digest

    def usually(headers: Headers, body: bytes, now: datetime) -> str:
        value: bytes | None = None
        for field, sent in headers:
            if field == field_name:
                if value is not None:
                    return otherwise(headers, body, now)
                value = sent
        if value is not None:
            mac = copy()
            mac.update(body)
            if same(write(mac.finalize()), value):
                return name
        return otherwise(headers, body, now)

    return usually


def _usual(scheme: Scheme, candidates: list[tuple[str, bytes]], value: bytes) -> str | None:
    """As `matching`, when a field is one digest, spelt in the first of the scheme's ways.

    Nearly every one is; to spell what is expected costs less than to read what was sent.
    """
    matched: str | None = None
    write = spelling.writer(scheme)
    for name, expected in candidates:
        usual = write(expected)
        if hmac.compare_digest(usual, value) and matched is None:
            matched = name
    return matched


def sign(
    scheme: Scheme, key: SigningKey, body: bytes, now: datetime, id: str, strip_prefix: str | None
) -> list[tuple[str, str]]:
    if not isinstance(key, Secret):
        raise ConfigError(f"the scheme {scheme.name!r} signs with a secret")
    digest = _digest(_key(key, strip_prefix), scheme.algorithm, body)
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


def _digest(key: bytes, algorithm: str, body: bytes) -> bytes:
    mac = _begun(key, algorithm).copy()
    mac.update(body)
    return mac.finalize()


@lru_cache(maxsize=64)
def _begun(key: bytes, algorithm: str) -> HMAC:
    """The part of a digest that is the same for every body: half of one of a short body."""
    return HMAC(key, _HASHES[algorithm]())
