"""What is configured now: the files, the environment and the secrets, as plain values.

Must not know: processes, what any of it is used for.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from receiver import catalogue as catalogues
from receiver import keptsecrets, secrets
from receiver.errors import ConfigError
from receiver.settings.file import load, located

if TYPE_CHECKING:
    from receiver.catalogue import Catalogue
    from receiver.contract import Contract
    from receiver.keyring import Keyring
    from receiver.plugins import Plugin
    from receiver.settings import Configuration

_log = logging.getLogger("receiver.configured")


Signature = tuple[int, int, int, int] | None
"""Device, number, size and time of change of a file; None where there is none."""


@dataclass(frozen=True)
class Setup:
    """A configuration that was found good, its secrets resolved: plain values, nothing opened."""

    found: Configuration
    keys: Keyring
    watched: Mapping[Path, Signature]
    """Every file that this was read from, as it was just before."""


_spare: list[Setup] = []
"""The last good setup, which a process inherits from the one that forked it."""


def catalogue(found: Configuration) -> Catalogue:
    """The contract's catalogue; a generated package beside the configuration is found, too."""
    _importable(found)
    try:
        return catalogues.load(found.settings.contract)
    except ConfigError as error:
        raise found.error(("contract",), *error.problems) from None


def contract(found: Configuration) -> Contract:
    """The contract alone: nothing that was generated is imported."""
    _importable(found)
    try:
        return catalogues.contract(found.settings.contract)
    except ConfigError as error:
        raise found.error(("contract",), *error.problems) from None


def plugins(found: Configuration) -> dict[str, Plugin]:
    """Every plugin by name: installed ones, and the files of the configured folder."""
    from receiver.plugins import discover

    try:
        return discover(found.plugins_dir)
    except ConfigError as error:
        raise found.error(("plugins_dir",), *error.problems) from None


def keyring(found: Configuration, served: Contract, environ: Mapping[str, str]) -> Keyring:
    """The keys of the configuration and those kept beside the inbox. Raises ConfigError."""
    kept = keptsecrets.read(found.store_path.parent)
    return secrets.keyring(found, served, environ, kept)


def current(environ: Mapping[str, str], served: Contract | None = None) -> Setup:
    """What the files and the environment say now, for the contract that is served.

    Raises ConfigError.
    """
    watched = signatures([located(None, environ)])
    found = load(None, environ)
    kept = found.store_path.parent / keptsecrets.FILE
    watched |= signatures([kept, *secrets.files(found)])
    return Setup(found, keyring(found, served or contract(found), environ), watched)


def signatures(files: Iterable[Path]) -> dict[Path, Signature]:
    """What tells one version of each file from another."""
    return {file: _signature(file) for file in files}


def _signature(file: Path) -> Signature:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def keep_spare(setup: Setup) -> None:
    """Have this process, and those that it forks, fall back on `setup`."""
    _spare[:] = [setup]


def settled(environ: Mapping[str, str]) -> Setup:
    """What the files say now; while they are wrong, the last good setup of before.

    A worker that is started anew must not fail because somebody is writing the file just now.
    Raises ConfigError where there is none to fall back on.
    """
    try:
        return current(environ)
    except ConfigError as error:
        if not _spare:
            raise
        _log.error("%s; going on with what was configured before", error)
        return _spare[0]


def _importable(found: Configuration) -> None:
    if str(found.base) not in sys.path:
        sys.path.append(str(found.base))
