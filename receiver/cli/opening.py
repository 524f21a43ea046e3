"""What commands work on: the configuration, the contract it names, the inbox.

Must not know: what a command does with them.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from receiver.errors import ReceiverError, StoreError

if TYPE_CHECKING:
    from receiver.catalogue import Catalogue
    from receiver.inbox import Inbox
    from receiver.inbox.sqlite import SqliteInbox
    from receiver.plugins import Plugin
    from receiver.settings import Configuration, Flag

T = TypeVar("T")
S = TypeVar("S", bound="Inbox")
INBOX = "inbox.db"


def configuration(
    config: Path | None,
    *,
    store_dir: Path | None = None,
    plugins_dir: Path | None = None,
) -> Configuration:
    """The configuration that a command's options, the environment and the file make together."""
    return load(config, flags(store_dir, plugins_dir))


def load(config: Path | None, flags: Sequence[Flag]) -> Configuration:
    """The configuration that the file, the environment and `flags` make together."""
    from receiver.settings.file import load

    return load(config, os.environ, tuple(flags))


def flags(store_dir: Path | None, plugins_dir: Path | None) -> list[Flag]:
    """The keys that these options set."""
    from receiver.settings import Flag

    chosen: list[Flag] = []
    if store_dir is not None:
        url = f"sqlite:///{store_dir.absolute() / INBOX}"
        chosen.append(Flag("--store-dir", ("store", "url"), url))
    if plugins_dir is not None:
        chosen.append(Flag("--plugins-dir", ("plugins_dir",), str(plugins_dir.absolute())))
    return chosen


def listening(found: Configuration, host: str | None, port: int | None) -> list[Flag]:
    """The key that `--host` and `--port` set together with what is configured."""
    from receiver.settings import Flag, split_address

    if host is None and port is None:
        return []
    given_host, given_port = split_address(found.settings.server.public)
    chosen = host or given_host
    public = f"[{chosen}]" if ":" in chosen else chosen
    public += f":{given_port if port is None else port}"
    return [Flag("--host" if host is not None else "--port", ("server", "public"), public)]


def hand_down(config: Path | None, flags: Sequence[Flag]) -> None:
    """Have this process and those that it starts find the same: options become variables."""
    from receiver.settings import variable
    from receiver.settings.file import VARIABLE

    for flag in flags:
        value = flag.value
        os.environ[variable(flag.path)] = (
            str(value).lower() if isinstance(value, bool) else str(value)
        )
    if config is not None:
        os.environ[VARIABLE] = str(config.absolute())


def listen(address: str, advice: str) -> socket.socket:
    """A listening socket; ReceiverError with a way out when the address cannot be had.

    `advice` names the command that listens elsewhere; `{free}` in it becomes another port.
    """
    from receiver.settings import split_address

    host, port = split_address(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.getaddrinfo(host, port, family)  # create_server hides what an unknown host is
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        free = port + 1 if 1024 <= port < 65535 else 8080
        why = _unheard(error, advice.format(free=free))
        raise ReceiverError(f"cannot listen on {host} port {port}: {why}") from None


def _unheard(error: OSError, another: str) -> str:
    """Why an address cannot be listened on, and what to do about it."""
    if isinstance(error, socket.gaierror):
        return "there is no such host; name an address of this machine, such as 127.0.0.1"
    why = os.strerror(error.errno) if error.errno else str(error)
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{why}; it is none of this machine: name 127.0.0.1, or 0.0.0.0 for all it has"
    if error.errno == errno.EADDRINUSE:
        return f"{why}; stop the program that has it, or choose another: {another}"
    return f"{why}; choose another: {another}"


def catalogue(found: Configuration) -> Catalogue:
    """The contract's catalogue; a generated package beside the configuration is found, too."""
    from receiver import configured

    return configured.catalogue(found)


def plugins(found: Configuration) -> dict[str, Plugin]:
    """Every plugin by name: installed ones, and the files of the configured folder."""
    from receiver import configured

    return configured.plugins(found)


def with_inbox(found: Configuration, work: Callable[[SqliteInbox], Awaitable[T]]) -> T:
    """What `work` returns of the inbox, which must exist; the inbox is closed afterwards."""
    from receiver.inbox.sqlite import open_store

    path = found.store_path
    if not path.exists():
        raise StoreError(f"there is no inbox at {path}; start `receiver dev`, or name --store-dir")

    return _run(open_store(path), work)


def with_store(found: Configuration, work: Callable[[SqliteInbox], Awaitable[T]]) -> T:
    """The same of the store, which is made where there is none."""
    from receiver.inbox.sqlite import open_store

    found.store_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return _run(open_store(found.store_path), work)


def _run(inbox: S, work: Callable[[S], Awaitable[T]]) -> T:
    async def run() -> T:
        try:
            return await work(inbox)
        finally:
            await inbox.close()

    return asyncio.run(run())
