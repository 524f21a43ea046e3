"""The keys that prove where a request comes from: secrets, public keys, secret header values.

Values only, read from the configuration by others. Their content is never in a repr or a message.
Must not know: where keys are kept, which clock is right, how a signature is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from receiver.errors import ConfigError

MIN_RSA_BITS = 2048
_NEVER = datetime.max.replace(tzinfo=UTC)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

Policy = Literal["first", "any", "all"]
"""Which alternatives of an operation must pass when a request carries the headers of several: the
first that the operation lists, at least one, or each."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A shared secret.

    Raises ConfigError when it is empty (anybody could sign with that), or its expiry has no zone.
    """

    name: str
    value: bytes = field(repr=False)
    expires: datetime | None = None
    """From then on (aware) it proves nothing, as long as the source has one that still does."""

    def __post_init__(self) -> None:
        if not self.value:
            raise ConfigError(f"the secret {self.name!r} is empty: give it a value or remove it")
        if self.expires is not None and self.expires.tzinfo is None:
            raise ConfigError(f"the secret {self.name!r} expires at a time without a time zone")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An RSA public key of at least 2048 bits; made by `public_key`."""

    name: str
    key: RSAPublicKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class HeaderSecret:
    """A header that the sender sends, with a secret value. Raises ConfigError if it cannot work."""

    header: str
    name: str
    value: bytes = field(repr=False)
    field_name: bytes = field(init=False, repr=False)
    """`header` as ASGI gives it: lower-case bytes."""

    def __post_init__(self) -> None:
        if not _HEADER_NAME.fullmatch(self.header):
            raise ConfigError(f"{self.header!r} is not the name of a header")
        if not self.value or self.value != self.value.strip():
            raise ConfigError(
                f"the value of the secret header {self.header!r} is empty, or has space around it "
                "that HTTP does not carry"
            )
        object.__setattr__(self, "field_name", self.header.lower().encode("ascii"))


@dataclass(frozen=True, slots=True)
class SnsTrust:
    """Which messages of Amazon SNS a source takes."""

    topics: tuple[str, ...]
    """Patterns over the ARNs of topics."""
    suffixes: tuple[str, ...] = ("amazonaws.com", "amazonaws.com.cn")
    """Ends of the names of hosts that certificates and confirmations may come from."""
    certificates: str | None = None
    """The folder of the certificates that are here already, by the file names of SNS."""
    fetch: bool = True
    """Whether other certificates are fetched."""
    allow_private: bool = False
    """Whether hosts of SNS may have private addresses, as behind an endpoint of a VPC."""
    max_age: int = 3600
    """Seconds that a message may be old; 0: any age."""
    password: bytes | None = field(default=None, repr=False)
    """What proves a message that SNS delivers raw, and therefore unsigned."""
    made: tuple[str, bytes] | None = field(default=None, repr=False)
    """The file name and the PEM of a certificate that was made here; it proves messages of topics
    that are nobody's (receiver.signature.snssigner), and no others."""


SigningKey = Secret | HeaderSecret | RSAPrivateKey
"""What a sender proves its requests with; a receiver has such keys for its own samples only."""


@dataclass(frozen=True, slots=True)
class SourceKeys:
    """Everything that may prove a request of one source.

    Raises ConfigError when nothing is left of a secret without `strip_prefix`.
    """

    secrets: tuple[Secret, ...] = ()
    public_keys: tuple[PublicKey, ...] = ()
    headers: tuple[HeaderSecret, ...] = ()
    policy: Policy = "first"
    on_expiry: Literal["warn", "503"] = "warn"
    """When the last secret has expired: go on with it and warn, or answer 503 until there is a new
    one. Never 401, which would lose events for a fault of ours."""
    strip_prefix: str | None = None
    """A start of secrets, such as `whsec_`, that is not part of the HMAC key."""
    sns: SnsTrust | None = None
    """None: no message of Amazon SNS is taken."""
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Where its requests may come from; none: anywhere."""

    def __post_init__(self) -> None:
        for secret in self.secrets:
            if self.strip_prefix and secret.value == self.strip_prefix.encode():
                raise ConfigError(f"the secret {secret.name!r} is nothing but its prefix")

    def admits(self, address: str | None) -> bool:
        """Whether a request may come from an address."""
        if not self.networks:
            return True
        try:
            found = ip_address(address or "")
        except ValueError:
            return False
        inner = getattr(found, "ipv4_mapped", None) or found
        return any(inner in network for network in self.networks)

    def live(self, now: datetime) -> tuple[Secret, ...]:
        """The secrets that prove a request: those not expired, else the one that expired last.

        None at all when every secret has expired and `on_expiry` is "503".
        """
        for secret in self.secrets:
            if secret.expires is not None:
                break
        else:
            return self.secrets
        live = tuple(secret for secret in self.secrets if now < (secret.expires or _NEVER))
        if live or not self.secrets or self.on_expiry == "503":
            return live
        return (max(self.secrets, key=lambda secret: secret.expires or _NEVER),)

    def lapsed(self, now: datetime) -> bool:
        """Whether there are secrets and every one of them has expired."""
        for secret in self.secrets:
            if secret.expires is None or now < secret.expires:
                return False
        return bool(self.secrets)


class Keyring:
    """The keys of every configured source; a new one replaces it whole."""

    def __init__(self, sources: Mapping[str, SourceKeys]) -> None:
        self._sources = dict(sources)

    def for_source(self, name: str) -> SourceKeys | None:
        """The keys of a source; None when the source is not configured."""
        return self._sources.get(name)

    def texts(self) -> Iterator[str]:
        """Every secret as a text, for who keeps them out of logs."""
        for keys in self._sources.values():
            for value in (*(s.value for s in keys.secrets), *(h.value for h in keys.headers)):
                yield value.decode("utf-8", "replace")
            if keys.sns is not None and keys.sns.password is not None:
                yield keys.sns.password.decode("utf-8", "replace")

    def __repr__(self) -> str:
        return f"<Keyring {', '.join(self._sources)}>"


def public_key(name: str, pem: bytes | str) -> PublicKey:
    """The RSA public key in a PEM text (RFC 7468): SubjectPublicKeyInfo, PKCS #1 or a certificate.

    Raises ConfigError, which never shows the text, when it holds anything else, a private key, or
    a key of fewer than 2048 bits.
    """
    data = pem.encode(errors="replace") if isinstance(pem, str) else pem
    if b"PRIVATE KEY" in data:
        raise ConfigError(
            f"the public key {name!r} holds a private key: give the PUBLIC KEY block only, and "
            "treat that private key as leaked"
        )
    try:
        is_certificate = b"BEGIN CERTIFICATE" in data
        key: object = (
            load_pem_x509_certificate(data).public_key()
            if is_certificate
            else load_pem_public_key(data)
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The cause may quote what it read, so it is not chained.
        raise ConfigError(f"the public key {name!r} is not a PEM public key") from None
    if not isinstance(key, RSAPublicKey):
        raise ConfigError(f"the public key {name!r} is not an RSA key")
    if key.key_size < MIN_RSA_BITS:
        raise ConfigError(
            f"the public key {name!r} has {key.key_size} bits: at least {MIN_RSA_BITS} are needed"
        )
    return PublicKey(name, key)
