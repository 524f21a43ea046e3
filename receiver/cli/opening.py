"""What commands work on: the configuration, the contract it names, the inbox.

Must not know: what a command does with them.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from receiver.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from receiver.catalogue import Catalogue
    from receiver.inbox import Inbox
    from receiver.plugins import Plugin
    from receiver.settings import Configuration, Flag

T = TypeVar("T")
INBOX = "inbox.db"


def configuration(
    config: Path | None,
    *,
    store_dir: Path | None = None,
    plugins_dir: Path | None = None,
    flags: tuple[Flag, ...] = (),
) -> Configuration:
    """The configuration that a command's options, the environment and the file make together."""
    from receiver.settings import Flag
    from receiver.settings.file import load

    chosen = list(flags)
    if store_dir is not None:
        url = f"sqlite:///{store_dir.absolute() / INBOX}"
        chosen.append(Flag("--store-dir", ("store", "url"), url))
    if plugins_dir is not None:
        chosen.append(Flag("--plugins-dir", ("plugins_dir",), str(plugins_dir.absolute())))
    return load(config, os.environ, tuple(chosen))


def catalogue(found: Configuration) -> Catalogue:
    """The contract's catalogue; a generated package beside the configuration is found, too."""
    from receiver.catalogue import load

    if str(found.base) not in sys.path:
        sys.path.append(str(found.base))
    try:
        return load(found.settings.contract)
    except ConfigError as error:
        raise found.error(("contract",), *error.problems) from None


def plugins(found: Configuration) -> dict[str, Plugin]:
    """Every plugin by name: installed ones, and the files of the configured folder."""
    from receiver.plugins import discover

    try:
        return discover(found.plugins_dir)
    except ConfigError as error:
        raise found.error(("plugins_dir",), *error.problems) from None


def with_inbox(found: Configuration, work: Callable[[Inbox], Awaitable[T]]) -> T:
    """What `work` returns of the inbox, which must exist; the inbox is closed afterwards."""
    from receiver.inbox.sqlite import open_store

    path = found.store_path
    if not path.exists():
        raise StoreError(f"there is no inbox at {path}; start `receiver dev`, or name --store-dir")

    async def run() -> T:
        inbox = open_store(path)
        try:
            return await work(inbox)
        finally:
            await inbox.close()

    return asyncio.run(run())
