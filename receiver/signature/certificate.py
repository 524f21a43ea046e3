"""A certificate that messages are signed with: its key, its names, and when it counts.

Must not know: who issued it, where it came from, what is signed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import NameOID

from receiver.keyring import MIN_RSA_BITS


@dataclass(frozen=True, slots=True)
class Certificate:
    """An X.509 certificate with an RSA key of at least 2048 bits; made by `certificate`."""

    key: RSAPublicKey = field(repr=False)
    names: frozenset[str]
    """Its common name and its DNS names, in lower case."""
    begins: datetime
    ends: datetime

    def objection(self, at: datetime, names: Iterable[str]) -> str | None:
        """Why it proves nothing that was signed at `at` by one of `names`; None where it may."""
        if not self.begins <= at <= self.ends:
            return (
                f"its certificate counts from {self.begins:%Y-%m-%d} to {self.ends:%Y-%m-%d} only"
            )
        if self.names.isdisjoint(names):
            return "its certificate is not one of Amazon SNS"
        return None


def certificate(pem: bytes) -> Certificate:
    """The first certificate in a PEM text. Raises ValueError, which says what is wrong with it."""
    try:
        found = x509.load_pem_x509_certificate(pem)
        key = found.public_key()
        names = frozenset(name.lower() for name in _names(found))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("it is no certificate in PEM") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < MIN_RSA_BITS:
        raise ValueError(f"its key is not an RSA key of at least {MIN_RSA_BITS} bits")
    return Certificate(key, names, found.not_valid_before_utc, found.not_valid_after_utc)


def _names(found: x509.Certificate) -> Iterable[str]:
    for attribute in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME):
        yield str(attribute.value)
    try:
        alternative = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return
    yield from alternative.value.get_values_for_type(x509.DNSName)
