"""Signs messages as Amazon SNS does, by a key and a certificate that were made here.

Their topics are those of an account that nobody has, so that none of them is a real one's. Pure:
time and randomness of the key are arguments. Must not know: what is in a message, who trusts it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from receiver.signature import sns

ACCOUNT = "000000000000"
"""AWS gives this number to nobody."""
REGION = "us-east-1"
HOST = f"sns.{REGION}.amazonaws.com"
NAME = "sns.amazonaws.com"
"""What the certificates of SNS are made out to."""
LIFE = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Pair:
    """A private key and the certificate of its public half, both in PEM; made by `certify`."""

    key: str = field(repr=False)
    certificate: str = field(repr=False)

    @property
    def file(self) -> str:
        """The name of the certificate's file, as SNS makes such names."""
        return f"SimpleNotificationService-{sha256(self.certificate.encode()).hexdigest()[:32]}.pem"

    def private(self) -> RSAPrivateKey:
        """The key, to sign with. Raises ValueError when it is damaged."""
        key = serialization.load_pem_private_key(self.key.encode(), None)
        if not isinstance(key, RSAPrivateKey):
            raise ValueError("not an RSA key")
        return key


def certify(key: str, at: datetime) -> Pair:
    """A private key in PEM with a certificate that counts from `at` on."""
    private = Pair(key, "").private()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + LIFE)
        .sign(private, SHA256())
    )
    return Pair(key, made.public_bytes(serialization.Encoding.PEM).decode())


def topic(name: str) -> str:
    """The ARN of a topic whose messages are signed here; `*` for all of them."""
    return f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}"


def is_ours(arn: str) -> bool:
    """Whether an ARN may be that of a topic whose messages are signed here."""
    return arn.startswith(topic(""))


class Signer:
    """Signs with one pair."""

    def __init__(self, pair: Pair) -> None:
        self._key = pair.private()
        self._url = f"https://{HOST}/{pair.file}"

    def signed(self, fields: Mapping[str, str], version: str, **more: object) -> bytes:
        """A message in JSON: its signed fields, and `more` that SNS does not sign."""
        signature = self._key.sign(sns.signed(fields), PKCS1v15(), sns.HASHES[version]())
        message = {
            **fields,
            **more,
            "SignatureVersion": version,
            "Signature": base64.b64encode(signature).decode(),
            "SigningCertURL": self._url,
        }
        return json.dumps(message, ensure_ascii=False).encode()
