"""Checks everything and registers the routes before a listener opens, in a process of its own.

The arbiter forks workers: it must import no plugin and open no store. So it runs
`python -m receiver.preparation`, which does, says what it found as JSON, and is gone.
Must not know: listeners, workers.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from selectors import EVENT_READ, DefaultSelector
from tempfile import TemporaryFile
from time import monotonic
from typing import TYPE_CHECKING, Any

import msgspec

from receiver.errors import ConfigError, ReceiverError

if TYPE_CHECKING:
    from receiver.catalogue import Catalogue
    from receiver.dispatch import Route
    from receiver.plugins import Plugin
    from receiver.settings import Configuration

SECONDS = 60.0
"""How long it may take; as long again after a store was brought to a new version."""

SECONDS_AN_EVENT = 0.001
"""How much longer that may take for each event: a hundred times what it does."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What there is to serve."""

    paths: int
    """Of events, over HTTP."""
    routes: tuple[tuple[str, str], ...]
    """The name of each and of its sink."""
    sources: tuple[str, ...]
    """Those that can prove themselves."""
    unused: tuple[tuple[str, str], ...]
    """Installed sinks that no route uses, each with the TOML that would add one."""
    broken: tuple[str, ...]
    """What is wrong with installed sinks that cannot be used."""


def _nothing_else() -> None:
    """What is done meanwhile by default."""


def prepare(environ: Mapping[str, str], meanwhile: Callable[[], None] = _nothing_else) -> Prepared:
    """Check the configuration that `environ` leads to, and give every route its place.

    Raises ConfigError with all that is wrong. Blocks for a second or two, and calls `meanwhile` in
    that time; longer where the store is of an older version.
    """
    with TemporaryFile() as complaints:
        with subprocess.Popen(
            [sys.executable, "-m", "receiver.preparation"],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
        ) as preparing:
            try:
                meanwhile()
                output = _output(preparing)
            finally:
                preparing.kill()
        complaints.seek(0)
        complained = complaints.read().decode("utf-8", "backslashreplace")
    said = output.strip().rpartition("\n")[2]  # a plugin may print when it is imported
    try:
        found = json.loads(said)
    except ValueError:
        raise ConfigError(
            f"the start could not be prepared (exit status {preparing.returncode}): "
            f"{complained.strip() or said}"
        ) from None
    if "problems" in found:
        raise ConfigError(*found["problems"])
    return msgspec.convert(found, Prepared)


def _output(preparing: subprocess.Popen[bytes]) -> str:
    """All that it prints. Raises ConfigError where it takes too long."""
    assert preparing.stdout is not None
    output = b""
    heard = 0
    seconds = SECONDS
    until = monotonic() + seconds
    with DefaultSelector() as waiting:
        waiting.register(preparing.stdout, EVENT_READ)
        while waiting.select(max(0.0, until - monotonic())):
            piece = os.read(preparing.stdout.fileno(), 65_536)
            if not piece:
                return output.decode("utf-8", "backslashreplace")
            output += piece
            told = _UPGRADE.findall(output)
            for events in told[heard:]:
                seconds = SECONDS + int(events or 0) * SECONDS_AN_EVENT
                until = monotonic() + seconds
                if events:
                    _log.warning(
                        "the inbox of %d events is brought to the form of this Receiver; "
                        "let it end",
                        int(events),
                    )
            heard = len(told)
    raise ConfigError(
        f"the start was not prepared within {seconds:g} s: is there a plugin that never "
        "ends its import, or does another process hold the store?"
    )


_UPGRADE = re.compile(rb"^receiver\.preparation: (?:upgrading (\d+)|upgraded)$", re.MULTILINE)
"""What is printed when an older store is brought to the new version: before it, how many events
there are, and after it."""


def main() -> None:
    """Prepare, and print what was found or what is wrong."""
    try:
        told: dict[str, Any] = asdict(_prepared(os.environ))
    except ConfigError as error:
        told = {"problems": error.problems}
    except ReceiverError as error:
        told = {"problems": [str(error)]}
    print(json.dumps(told), flush=True)
    os._exit(0)  # whatever threads plugins started


def _prepared(environ: Mapping[str, str]) -> Prepared:
    from receiver import configured
    from receiver.backstage import importable, pulls, routes
    from receiver.plugins import describe
    from receiver.settings.file import load
    from receiver.transports import discover

    found = load(None, environ)
    catalogue = configured.catalogue(found)
    keys = configured.keyring(found, catalogue.contract, environ)
    plugins = configured.plugins(found)
    chosen = routes(found, catalogue, plugins, environ)
    contract = catalogue.contract
    pulls(found, contract, discover(), environ)
    asyncio.run(_rehearse(found, catalogue, chosen))
    described = [describe(plugin) for plugin in importable(found, plugins).values()]
    return Prepared(
        paths=sum(operation.over_http for operation in contract.operations),
        routes=tuple((route.name, route.plugin.name) for route in chosen),
        sources=tuple(name for name in sorted(contract.sources) if keys.for_source(name)),
        unused=_unused(plugins, chosen),
        broken=tuple(sink.error for sink in described if sink.error),
    )


async def _rehearse(found: Configuration, catalogue: Catalogue, chosen: list[Route]) -> None:
    """Start and stop what takes events in, and give every route its place in the store."""
    from receiver import composition
    from receiver.dispatch import Dispatcher
    from receiver.http.app import build
    from receiver.inbox.sqlite.migrate import awaiting
    from receiver.intake import Intake
    from receiver.keyring import Keyring

    inbox = composition.open_inbox(found)
    try:
        events = awaiting(found.store_path)
        if events is not None:
            print(f"receiver.preparation: upgrading {events}", flush=True)
            await inbox.open()
            print("receiver.preparation: upgraded", flush=True)
        app = build(catalogue, Intake(catalogue, Keyring({}), inbox))
        await _lifespan(app)
        await Dispatcher(inbox, catalogue, chosen).register(renaming=False)
    finally:
        await inbox.close()


async def _lifespan(app: Any) -> None:
    """Start and stop an application as a server does. Raises ConfigError with why it does not."""
    heard = ["lifespan.startup", "lifespan.shutdown"]
    failures: list[str] = []

    async def receive() -> dict[str, Any]:
        return {"type": heard.pop(0)}

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"].endswith(".failed"):
            failures.append(message.get("message") or "it does not say why")

    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    try:
        await app(scope, receive, send)
    except Exception as error:
        failures.append(f"{type(error).__name__}: {error}")
    if failures:
        raise ConfigError(f"the application does not start: {failures[-1].strip()}")


def _unused(plugins: Mapping[str, Plugin], chosen: list[Route]) -> tuple[tuple[str, str], ...]:
    from receiver.cli.sinks import toml
    from receiver.plugins import describe

    used = {route.plugin.name for route in chosen}
    idle = [describe(plugin) for name, plugin in plugins.items() if name not in used]
    return tuple((sink.name, toml(sink)) for sink in idle if not sink.error)


if __name__ == "__main__":
    main()
