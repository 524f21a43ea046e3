"""RSA signature of the raw body: RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2), in a header.

Must not know: which platform signs so, where keys are kept.
"""

from __future__ import annotations

from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA512

from receiver.contract import Scheme
from receiver.errors import ConfigError, SignatureError
from receiver.keyring import SigningKey, SourceKeys
from receiver.locator import Headers
from receiver.signature import fields, spelling

HASHES = {"sha256": SHA256, "sha512": SHA512}


def configured(keys: SourceKeys) -> bool:
    return bool(keys.public_keys)


def present(scheme: Scheme, keys: SourceKeys, headers: Headers) -> bool:
    return bool(fields.values(headers, fields.field_name(scheme.header)))


def problems(scheme: Scheme, keys: SourceKeys) -> list[str]:
    """What is wrong with a key was said when its PEM was read."""
    return []


def verify(scheme: Scheme, keys: SourceKeys, headers: Headers, body: bytes, now: datetime) -> str:
    """The name of the public key that one of the header's signatures fits."""
    value = fields.one(headers, fields.field_name(scheme.header))
    refused = SignatureError("malformed")
    for public in keys.public_keys:
        try:
            # A signature is as long as the modulus (RFC 8017, section 8.2.2, step 1).
            given = spelling.digests(scheme, value, (public.key.key_size + 7) // 8)
        except SignatureError:
            continue
        if any(_fits(public.key, scheme.algorithm, signature, body) for signature in given):
            return public.name
        refused = SignatureError("mismatch")
    raise refused


def sign(
    scheme: Scheme, key: SigningKey, body: bytes, now: datetime, id: str, strip_prefix: str | None
) -> list[tuple[str, str]]:
    if not isinstance(key, RSAPrivateKey):
        raise ConfigError(f"the scheme {scheme.name!r} signs with an RSA private key")
    signature = key.sign(body, PKCS1v15(), HASHES[scheme.algorithm]())
    return [(scheme.header, spelling.written(scheme, signature))]


def _fits(key: RSAPublicKey, algorithm: str, signature: bytes, body: bytes) -> bool:
    try:
        key.verify(signature, body, PKCS1v15(), HASHES[algorithm]())
    except (InvalidSignature, ValueError):
        return False
    return True
