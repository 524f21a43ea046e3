"""The secrets that Receiver made itself, in a file beside the inbox that only its owner can read.

JSON: `{"sources": {NAME: {"secrets": {NAME: VALUE}, "headers": {HEADER: VALUE},
"private_key": PEM}}}`. Must not know: who asks for them.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Container, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkstemp
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from receiver.contract import Contract
from receiver.errors import ConfigError, StoreError
from receiver.keyring import HeaderSecret, PublicKey, Secret, public_key

FILE = "secrets.json"
ANOTHER = "use another --store-dir"
"""The way out of a folder that is not ours to write."""
NAME = "dev"
"""What `events show` calls a secret that was made here."""
OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class Kept:
    """What was made for one source."""

    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Shared secrets by name."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Secret values by header."""
    private_key: str | None = field(default=None, repr=False)
    """An RSA private key in PEM, for a source that is proved by its public one only."""

    def shared(self) -> tuple[Secret, ...]:
        """The shared secrets."""
        return tuple(Secret(name, value.encode()) for name, value in self.secrets.items())

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
    return Kept(shared, headers, private_key)


def supply(
    folder: Path, contract: Contract, others: Container[str] = ()
) -> tuple[dict[str, Kept], list[str]]:
    """What is kept, with new secrets for every source that has none here and is not in `others`.

    Also the sources for which they were made just now. Raises ConfigError as `read` does.
    """
    kept = read(folder)
    made = [name for name in sorted(contract.sources) if name not in kept and name not in others]
    kept |= {name: create(contract, name) for name in made}
    if made:
        write(folder, kept)
    return kept, made


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
            "headers": dict(entry.headers),
            "private_key": entry.private_key,
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
        entry["private_key"],
    )
    found.public_keys()  # a damaged key is found here, by whoever reads the file
    return found


def _private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
