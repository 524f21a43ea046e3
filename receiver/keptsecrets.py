"""Secrets that Receiver made or was given, in a file beside the inbox that only its owner can read.

JSON: `{"sources": {NAME: {"secrets": {NAME: VALUE}, "expires": {NAME: TIME},
"headers": {HEADER: VALUE}, "private_key": PEM, "topics": [ARN],
"sns": {"key": PEM, "certificate": PEM}}}}`.
Must not know: who asks for them.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkstemp
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from receiver.contract import Contract
from receiver.errors import ConfigError, StoreError
from receiver.keyring import HeaderSecret, PublicKey, Secret, public_key
from receiver.signature import snssigner
from receiver.signature.certificate import certificate
from receiver.signature.snssigner import Pair

FILE = "secrets.json"
LOCK = "secrets.json.lock"
ANOTHER = "use another --store-dir"
"""The way out of a folder that is not ours to write."""
NAME = "dev"
"""What `events show` calls a secret that was made here."""
OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept for one source."""

    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Shared secrets by name."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Secret values by header."""
    expires: Mapping[str, datetime] = field(default_factory=dict)
    """When shared secrets end, by name; the others do not."""
    private_key: str | None = field(default=None, repr=False)
    """An RSA private key in PEM, for a source that is proved by its public one only."""
    topics: tuple[str, ...] = ()
    """Topics of SNS that were allowed by a command, beside those of the configuration."""
    sns: Pair | None = field(default=None, repr=False)
    """What samples are signed with as SNS does; trusted for a source that nobody configured."""

    def shared(self) -> tuple[Secret, ...]:
        """The shared secrets."""
        return tuple(
            Secret(name, value.encode(), self.expires.get(name))
            for name, value in self.secrets.items()
        )

    def header_secrets(self) -> tuple[HeaderSecret, ...]:
        """The secret headers."""
        return tuple(
            HeaderSecret(header, NAME, value.encode()) for header, value in self.headers.items()
        )

    def public_keys(self) -> tuple[PublicKey, ...]:
        """The public half of the private key."""
        return tuple(
            public_key(
                NAME,
                private.public_key().public_bytes(
                    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
                ),
            )
            for private in self.signing_keys()
        )

    def signing_keys(self) -> tuple[rsa.RSAPrivateKey, ...]:
        """The private key, to sign samples with. Raises ValueError when it is damaged."""
        if self.private_key is None:
            return ()
        key = serialization.load_pem_private_key(self.private_key.encode(), None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError("not an RSA key")
        return (key,)


def create(contract: Contract, source: str) -> Kept:
    """New random secrets that prove every operation of a source, in the way it lists first."""
    shared: dict[str, str] = {}
    headers: dict[str, str] = {}
    private_key = None
    sns = None
    for operation in contract.operations:
        if operation.source != source:
            continue
        for name in operation.security[0]:
            scheme = contract.schemes[name]
            if scheme.kind == "hmac":
                shared.setdefault(NAME, secrets.token_hex(32))
            elif scheme.kind == "standard-webhooks":
                value = base64.b64encode(secrets.token_bytes(32)).decode()
                shared.setdefault(f"{NAME}-standard", f"whsec_{value}")
            elif scheme.kind == "static":
                headers.setdefault(scheme.header, secrets.token_urlsafe(32))
            elif scheme.kind == "rsa":
                private_key = private_key or _private_key()
            elif scheme.kind == "sns":
                sns = sns or pair()
    return Kept(shared, headers, private_key=private_key, sns=sns)


def pair() -> Pair:
    """A new key to sign with as SNS does, and its certificate."""
    return snssigner.certify(_private_key(), datetime.now(UTC))


def supply(
    folder: Path, contract: Contract, others: Container[str] = ()
) -> tuple[dict[str, Kept], list[str]]:
    """What is kept, with new secrets for every source that has none here and is not in `others`.

    Also the sources for which they were made just now. Raises ConfigError as `read` does.
    """
    wanted = [name for name in sorted(contract.sources) if name not in others]
    kept = read(folder)
    signed = {each.source for each in contract.operations if each.transport == "sns"}

    def lacking() -> list[str]:
        return [n for n in wanted if n not in kept or (n in signed and kept[n].sns is None)]

    if not lacking():
        return kept, []
    with _changing(folder):
        kept = read(folder)
        made = [name for name in wanted if name not in kept]
        kept |= {name: create(contract, name) for name in made}
        kept |= {name: replace(kept[name], sns=pair()) for name in lacking()}
        write(folder, kept)
    return kept, made


def change(folder: Path, source: str, alter: Callable[[Kept], Kept]) -> Kept:
    """Replace what is kept for one source by what `alter` makes of it, and return that.

    Running processes take it up within a second. Raises ConfigError as `read` does, StoreError as
    `write` does, and whatever `alter` does, with nothing changed.
    """
    with _changing(folder):
        kept = read(folder)
        kept[source] = alter(kept.get(source, Kept()))
        write(folder, kept)
    return kept[source]


@contextmanager
def _changing(folder: Path) -> Iterator[None]:
    """Be the only one who changes the file. Raises StoreError when the folder cannot be used."""
    private_folder(folder)
    try:
        handle = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        why = error.strerror or str(error)
        raise StoreError(f"cannot write into {folder}: {why}; {ANOTHER}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def read(folder: Path) -> dict[str, Kept]:
    """What is kept in a store's folder, by source; nothing where there is no file.

    Raises ConfigError when others than its owner may read the file, or it is damaged.
    """
    path = folder / FILE
    try:
        with path.open(encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read()
    except FileNotFoundError:
        return {}
    except NotADirectoryError:
        raise ConfigError(f"{folder} is no folder; {ANOTHER}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    if mode & OTHERS:
        raise ConfigError(f"{path} holds secrets and others may read it; run: chmod 600 {path}")
    try:
        return {name: _kept(entry) for name, entry in json.loads(text)["sources"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        # What was read is not quoted: it holds secrets.
        raise ConfigError(f"{path} is damaged; move it away and new secrets are made") from None


def private_folder(folder: Path) -> None:
    """Make a store's folder, for its owner only. Raises StoreError when it cannot be made."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        why = error.strerror or str(error)
        raise StoreError(f"cannot make the folder {folder}: {why}; {ANOTHER}") from None


def write(folder: Path, kept: Mapping[str, Kept]) -> None:
    """Keep these, all or nothing: the file is complete before it has its name.

    Raises StoreError when the folder cannot be made or written.
    """
    private_folder(folder)
    try:
        _write(folder, kept)
    except OSError as error:
        why = error.strerror or str(error)
        raise StoreError(f"cannot write into {folder}: {why}; {ANOTHER}") from None


def _write(folder: Path, kept: Mapping[str, Kept]) -> None:
    sources = {
        name: {
            "secrets": dict(entry.secrets),
            "expires": {name: at.isoformat() for name, at in entry.expires.items()},
            "headers": dict(entry.headers),
            "private_key": entry.private_key,
            "topics": list(entry.topics),
            "sns": None if entry.sns is None else asdict(entry.sns),
        }
        for name, entry in sorted(kept.items())
    }
    # mkstemp makes it 0600 from the beginning.
    handle, name = mkstemp(prefix=FILE, dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"sources": sources}, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(folder / FILE)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def _kept(entry: Any) -> Kept:
    found = Kept(
        {str(name): str(value) for name, value in entry["secrets"].items()},
        {str(name): str(value) for name, value in entry["headers"].items()},
        {name: datetime.fromisoformat(at) for name, at in entry.get("expires", {}).items()},
        entry["private_key"],
        tuple(str(topic) for topic in entry.get("topics", ())),
        Pair(**entry["sns"]) if entry.get("sns") else None,
    )
    found.public_keys()  # a damaged key is found here, by whoever reads the file
    if found.sns is not None:
        certificate(found.sns.certificate.encode())
    return found


def _private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
