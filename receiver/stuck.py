"""Which routes have held up backstage: written down before it ends, read when it starts again.

`stuck.json` lies in the store's folder: {"routes": {NAME: {"plugin", "edition", "why", "stack",
"at"}}}, `at` in seconds since 1970. Must not know: who watches, how a route is run.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from receiver.dispatch import Route
from receiver.redaction import Redaction
from receiver.sink import logger

FILE = "stuck.json"
DUMP = "backstage.{}.dump"
"""What the interpreter of a process writes when a signal ends it (faulthandler)."""
LONGEST_STACK = 8_000

_FRAME = re.compile(r'  File "(?P<file>.+)", line (?:\d+|\?\?\?)')
_WAITING = re.compile(
    r"[/\\](?:threading|queue|selectors|socket|ssl|subprocess|asyncio[/\\]\w+"
    r"|concurrent[/\\]futures[/\\]\w+)\.py$"
)
"""Files of the standard library whose innermost calls wait, and let others run meanwhile."""

_kept_open: list[BinaryIO] = []
"""faulthandler writes to a descriptor: the file must stay open as long as the process lives."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """A route of which a hook held up backstage."""

    route: str
    plugin: str
    edition: str
    """What of the plugin that was: another edition gets another chance."""
    why: str
    stack: str
    at: float
    """Seconds since 1970."""

    @classmethod
    def of(cls, route: Route, why: str, stack: str, at: float) -> Stuck:
        plugin = route.plugin
        return cls(route.name, plugin.name, plugin.edition, why, stack[-LONGEST_STACK:], at)

    def __str__(self) -> str:
        when = datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
        return f"{self.why} (sink {self.plugin}, {when} UTC)"


def stuck_routes(folder: Path) -> dict[str, Stuck]:
    """The routes that have held up backstage, by name; empty where nothing can be read."""
    try:
        routes = json.loads((folder / FILE).read_text(encoding="utf-8"))["routes"]
        return {name: Stuck(route=name, **told) for name, told in routes.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def remember(folder: Path, found: Sequence[Stuck]) -> None:
    """Add routes to those that have held up backstage. Raises OSError."""
    if found:
        _write(folder, {**stuck_routes(folder), **{each.route: each for each in found}})


def arm(folder: Path) -> None:
    """Have the interpreter write all stacks to the folder when SIGABRT or a fault ends it.

    Call `confined` before: what the last process wrote is overwritten. Raises OSError.
    """
    file = (folder / DUMP.format(os.getpid())).open("wb", buffering=0)
    faulthandler.enable(file, all_threads=True)
    _kept_open[:] = [file]


def confined(folder: Path, routes: Sequence[Route]) -> list[Route]:
    """The routes, those that have held up backstage with a process of their own; says so.

    Also reads what a process left that was ended by a signal. A route whose plugin has another
    edition since is left as it is configured, and forgotten.
    """
    with contextlib.suppress(OSError):  # a folder that cannot be written to is told of elsewhere
        for dump in folder.glob(DUMP.format("*")):
            if dump.stat().st_size:  # else of a process that lives, or of one that ended in peace
                remember(folder, _dumped(dump, routes))
            if dump.stat().st_size or not _alive(dump):
                dump.unlink(missing_ok=True)
    known = stuck_routes(folder)
    now = {route.name: route.plugin.edition for route in routes}
    stale = [each for each in known.values() if now.get(each.route, each.edition) != each.edition]
    if stale:
        known = {name: each for name, each in known.items() if each not in stale}
        with contextlib.suppress(OSError):
            _write(folder, known)
    return [
        _confined(route, known[route.name]) if route.name in known else route for route in routes
    ]


def _confined(route: Route, stuck: Stuck) -> Route:
    log: Any = logger(route.name, Redaction())
    if route.isolation != "process":
        log.warning(
            f"runs in a process of its own: {stuck}; set routes.{route.name}.isolation ="
            ' "process", or update the plugin',
            plugin=stuck.plugin,
        )
    return replace(route, isolation="process", confined=str(stuck))


def named_by_file(files: Iterable[str], routes: Sequence[Route]) -> list[Route]:
    """The routes of the plugin that the first of these files belongs to which is of any."""
    for file in files:
        found = [route for route in routes if route.plugin.owns(file)]
        if found:
            return found
    return []


def _alive(dump: Path) -> bool:
    """Whether the process whose dump it would be is there."""
    try:
        os.kill(int(dump.name.split(".")[1]), 0)
    except (ProcessLookupError, ValueError):
        return False
    except OSError:
        return True
    return True


def _dumped(path: Path, routes: Sequence[Route]) -> list[Stuck]:
    """The routes that a dump of faulthandler names; several where it does not tell which it was."""
    try:
        text, at = path.read_text(encoding="utf-8", errors="replace"), path.stat().st_mtime
    except OSError:
        return []
    blamed = _blamed(stacks(text, everybody=False), routes, at)
    if not blamed and "Aborted" in text.partition("\n")[0]:
        blamed = _blamed(stacks(text, everybody=True), routes, at)
    return blamed


def _blamed(found: Iterable[str], routes: Sequence[Route], at: float) -> list[Stuck]:
    blamed: dict[str, Stuck] = {}
    for stack in found:
        files = [frame["file"] for frame in _FRAME.finditer(stack)]
        if files and not _WAITING.search(files[0]):
            for route in named_by_file(files, routes):
                why = "a hook kept the interpreter to itself, or crashed it"
                blamed[route.name] = Stuck.of(route, why, stack, at)
    return list(blamed.values())


def stacks(dump: str, *, everybody: bool) -> Iterator[str]:
    """The stacks in a dump of faulthandler, innermost frame first.

    Of all threads where `everybody` is asked for, else the current thread's: the one that a fault
    is of, or that computed when the process was aborted from outside (supervisor.abort).
    """
    for part in re.split(r"^(?=(?:Current thread|Thread) 0x)", dump, flags=re.MULTILINE)[1:]:
        if everybody or part.startswith("Current"):
            yield "".join(line for line in part.splitlines(keepends=True) if _FRAME.match(line))


def _write(folder: Path, stuck: Mapping[str, Stuck]) -> None:
    """Replace the file; whoever reads it sees the old or the new one."""
    told = {name: asdict(each) for name, each in stuck.items()}
    for each in told.values():
        del each["route"]
    new = folder / f"{FILE}.{os.getpid()}.{time.monotonic_ns()}"
    try:
        with new.open("w", encoding="utf-8") as file:
            json.dump({"routes": told}, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        new.replace(folder / FILE)
    finally:
        new.unlink(missing_ok=True)
