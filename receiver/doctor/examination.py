"""All checks, one after the other; each finding is told as soon as it is made.

Must not know: how findings are told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from receiver import bulletin, configured
from receiver.doctor import clock, installed, machine, secrets, sinks, store
from receiver.doctor.finding import Finding, fail, ok, warn
from receiver.errors import ConfigError, StoreError
from receiver.keptsecrets import private_folder
from receiver.settings import Configuration

CHECK = "`receiver config check` names the line"


def examine(
    load: Callable[[], Configuration], environ: Mapping[str, str], *, online: str | None
) -> Iterator[Finding]:
    """Look at everything that `load`'s configuration needs; `online`: a URL to ask for the time."""
    watch = clock.Watch()
    yield from installed.libraries()
    yield installed.sqlite()
    try:
        found = load()
    except ConfigError as error:
        yield from (fail("settings", problem, CHECK) for problem in error.problems)
        return
    there = "no file: the defaults hold" if not Path(found.label).exists() else "it is right"
    yield ok("settings", f"{found.label}: {there}")
    yield from _store(found)
    yield from machine.limits(found.settings)
    yield from machine.ports(found.settings, found.store_path.parent)
    if online is not None:
        yield clock.online(online)
    yield from _configured(found, environ)
    yield from watch.looked_at()


def _store(found: Configuration) -> Iterator[Finding]:
    path = found.store_path
    try:
        private_folder(path.parent)
        yield from store.permissions(path)
        newest = None
        if path.exists():
            opened, newest = asyncio.run(store.opens(path))
            yield from opened
        else:
            yield ok("inbox", f"there is none yet at {path}")
        files = [path, path.with_name(f"{path.name}-wal")]
        used = sum(file.stat().st_size for file in files if file.exists())
        yield from machine.disks(path.parent, found.settings.retention.hard_limit, used)
        yield from clock.local(path.parent, newest)
    except (StoreError, OSError) as error:
        yield fail("store", str(error), "let this user write there, or choose another [store] url")


def _configured(found: Configuration, environ: Mapping[str, str]) -> Iterator[Finding]:
    try:
        contract = configured.contract(found)
        plugins = configured.plugins(found)
    except ConfigError as error:
        yield from (fail("settings", problem, CHECK) for problem in error.problems)
        return
    yield from secrets.resolved(found, contract, environ)
    yield from secrets.readable(found)
    routes = {name: route.sink for name, route in found.settings.routes.items()}
    missing = {name: sink for name, sink in routes.items() if sink not in plugins}
    for name, sink in missing.items():
        yield fail("sink", f"route {name}: there is no sink {sink!r}", CHECK)
    known = {name: sink for name, sink in routes.items() if name not in missing}
    origins = {name: plugin.origin for name, plugin in plugins.items()}
    if not routes and not found.settings.autoroute:
        yield warn("sink", "there is no route: nothing is delivered", "add [routes.NAME]")
    live = bulletin.read(found.store_path.parent, datetime.now(UTC))
    yield from sinks.tried(origins, known, environ, live)
