"""Secrets that are kept to be used again: sealed with a key that is not in the store.

The key is `RECEIVER_KEY` (what `Fernet.generate_key` makes: 32 bytes in url-safe base64), else a
file beside the inbox that only its owner can read, made when it is first needed. Fernet is AES-128
in CBC mode with an HMAC-SHA-256 (the `cryptography` project's specification of it).
Must not know: what is sealed, who may see it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from receiver.errors import ConfigError

VARIABLE = "RECEIVER_KEY"
FILE = "key"
OTHERS = 0o077


class Seal:
    """Seals and opens texts. The key is looked for when it is first used."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        """`folder` is the store's, where the file of the key stands."""
        self._path = folder / FILE
        self._given = environ.get(VARIABLE) or None
        self._fernet: Fernet | None = None

    def seal(self, text: str) -> str:
        """`text`, unreadable without the key. Raises ConfigError."""
        return self._key().encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """What was sealed. Raises ConfigError where the key is another one."""
        try:
            return self._key().decrypt(sealed.encode("ascii", "replace")).decode()
        except InvalidToken:
            raise ConfigError(
                f"a secret of the store was sealed with another key: set {VARIABLE} to the one of "
                f"then, or bring back {self._path}"
            ) from None

    def _key(self) -> Fernet:
        if self._fernet is None:
            where = VARIABLE if self._given else str(self._path)
            try:
                self._fernet = Fernet(self._given or self._kept())
            except ValueError:
                raise ConfigError(
                    f"{where} is no key: 32 bytes in url-safe base64 are needed"
                ) from None
        return self._fernet

    def _kept(self) -> str:
        try:
            with suppress(FileExistsError):
                self._make()
            if self._path.stat().st_mode & OTHERS:
                raise ConfigError(f"others can read {self._path}: chmod 600 {self._path}")
            return self._path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"the key {self._path} cannot be used: {error}") from None

    def _make(self) -> None:
        """Write a new key; whole or not at all, and never over another one."""
        if self._path.exists():
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._path.with_name(f"{FILE}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(Fernet.generate_key())
                file.flush()
                os.fsync(file.fileno())
            self._path.hardlink_to(fresh)  # another process's key, made meanwhile, stays
        finally:
            fresh.unlink()
