"""Schemes and keys of every kind, and a body of which the digests are published."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from receiver import signature
from receiver.contract import Scheme
from receiver.errors import SignatureError
from receiver.keyring import HeaderSecret, PublicKey, Secret, SourceKeys
from receiver.locator import Headers

BODY = (
    b'{"id":"0b9f3c1e-6d1a-4f5e-9a77-3d2f1c0a5b10","type":"ping","source":"/accounts/demo",'
    b'"specVersion":"1.0","time":"2026-01-15T08:30:00Z","data":{"message":"hello"}}'
)
HMAC = Scheme(
    name="digest",
    kind="hmac",
    header="X-Signature",
    algorithm="sha512",
    prefixes=("sha512=",),
    prefix_required=True,
    separator=",",
)
RSA = Scheme(
    name="rs256",
    kind="rsa",
    header="X-Signature-Rs256",
    encodings=("base64", "base64url", "hex"),
    prefixes=("rs256=", "sha256="),
)
STATIC = Scheme(name="door", kind="static", header="X-Key")
STANDARD = Scheme(name="standard", kind="standard-webhooks", header="webhook-signature")
NEW = Secret("new", b"whsec_0123456789abcdef")
OLD = Secret("old", b"whsec_fedcba9876543210")


@dataclass
class Desk:
    """Where signatures are made and checked, at one fixed moment."""

    private: RSAPrivateKey
    now: datetime = datetime(2026, 1, 15, 8, 30, tzinfo=UTC)
    body: bytes = BODY
    hmac: Scheme = HMAC
    rsa: Scheme = RSA
    static: Scheme = STATIC
    standard: Scheme = STANDARD
    new: Secret = NEW
    old: Secret = OLD
    # Published with the body above.
    by_new: str = (
        "4837aeb124c021c3d85f4ee4112c698d481627c47e1909c727a5a78f241d6a32"
        "3f50daba091d5f93f4edc70c45fdb50042d0c7ada30f1d451d230aa5370c74a3"
    )
    by_old: str = (
        "ac3c89f9a69976210a4b9af8f24aa80702b92c025c8031775e6b5c9a7f0f66ed"
        "8cc82f5330ccc800cc228db70190e009ca13a945abb69eb413e96c02363fc67f"
    )
    standard_secret: str = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    keys: SourceKeys = field(init=False)
    standard_keys: SourceKeys = field(init=False)

    def __post_init__(self) -> None:
        self.keys = SourceKeys(
            secrets=(self.new, self.old),
            public_keys=(PublicKey("2026", self.private.public_key()),),
            headers=(HeaderSecret("X-Door", "door", b"open sesame"),),
        )
        self.standard_keys = SourceKeys(secrets=(Secret("sw", self.standard_secret.encode()),))

    def sign(self, scheme: Scheme, key: object, body: bytes | None = None) -> tuple[str, str]:
        """The one header that a scheme needs."""
        [header] = signature.sign(scheme, key, self.body if body is None else body, self.now, "")  # type: ignore[arg-type]
        return header

    def verify(
        self,
        scheme: Scheme,
        *fields: tuple[str, str],
        keys: SourceKeys | None = None,
        body: bytes | None = None,
    ) -> str:
        """The name of the key that proved a request with these headers."""
        return self.decide([(scheme,)], *fields, keys=keys, body=body)

    def refusal(
        self,
        scheme: Scheme,
        *fields: tuple[str, str],
        keys: SourceKeys | None = None,
        body: bytes | None = None,
    ) -> str:
        """Why a request with these headers is refused."""
        with pytest.raises(SignatureError) as caught:
            self.verify(scheme, *fields, keys=keys, body=body)
        return caught.value.reason

    def decide(
        self,
        requirements: Sequence[tuple[Scheme, ...]],
        *fields: tuple[str, str],
        keys: SourceKeys | None = None,
        body: bytes | None = None,
    ) -> str:
        headers: Headers = [(name.lower().encode(), v.encode("latin-1")) for name, v in fields]
        raw = self.body if body is None else body
        used = keys or self.keys
        told = [
            _told(signature.verify, requirements, used, headers, raw, self.now),
            _told(signature.prover(requirements, used), headers, raw, self.now),
        ]
        assert told[0] == told[1]
        return signature.verify(requirements, used, headers, raw, self.now)


def _told(verify: Callable[..., str], *given: object) -> tuple[str, str]:
    try:
        return "proved", verify(*given)
    except SignatureError as refused:
        return "refused", refused.reason


@pytest.fixture(scope="session")
def private() -> RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def desk(private: RSAPrivateKey) -> Desk:
    return Desk(private)
