"""Can the plugins be imported and the sinks opened, and do they leave threads alone until then?

Each is tried in a process of its own: it may hang, crash or print. Must not know: what a sink does.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from receiver.bulletin import Told
from receiver.doctor.finding import Finding, fail, ok, warn

SECONDS = 30.0
AT_ONCE = 2
SLOW_SECONDS = 3.0
"""An import that every start of backstage waits for."""


def tried(
    plugins: Mapping[str, str],
    routes: Mapping[str, str],
    environ: Mapping[str, str],
    live: Told | None = None,
) -> Iterator[Finding]:
    """What came of it: `plugins` by name with their origin, `routes` by name with their sink.

    What `live` has open is not opened again: a file, a port or a queue may be for one at a time.
    """
    running = {
        name
        for name, sink in routes.items()
        if live is not None
        and (told := live.routes.get(name, {})).get("state") == "running"
        and told.get("plugin") == sink
    }
    shut = {name: sink for name, sink in routes.items() if name not in running}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        opened = {name: pool.submit(_probe, "route", name, environ) for name in shut}
        loaded = {
            name: pool.submit(_probe, "plugin", name, environ)
            for name in plugins
            if name not in shut.values()
        }
        for name in routes:
            if live is not None and name in running:
                text = (
                    f"route {name} ({routes[name]}) is open in process {live.pid}, which delivers"
                )
                yield ok("sink", text)
        for name, future in opened.items():
            yield from _route(name, routes[name], future.result())
        for name, future in loaded.items():
            yield from _plugin(name, plugins[name], future.result())


def _probe(kind: str, name: str, environ: Mapping[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "receiver.doctor.probe", kind, name]
    try:
        done = subprocess.run(  # noqa: S603 (ourselves)
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"error": f"it did not end within {SECONDS:g} s"}
    try:
        said = json.loads(done.stdout)
    except ValueError:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        return {"error": f"it ended its process (exit status {done.returncode}): {last}"}
    return said if isinstance(said, dict) else {}


def _route(name: str, sink: str, said: Mapping[str, Any]) -> Iterator[Finding]:
    fault = said.get("error") or said.get("opened")
    if fault:
        fix = f"its target and [routes.{name}.settings]; its events wait in the inbox meanwhile"
        yield fail("sink", f"route {name} ({sink}) does not open: {fault}", fix)
    else:
        yield ok("sink", f"route {name} ({sink}) opens")
    yield from _manners(sink, said)


def _plugin(name: str, origin: str, said: Mapping[str, Any]) -> Iterator[Finding]:
    if fault := said.get("error"):
        fix = f"repair it or uninstall it ({origin})"
        yield warn("plugin", f"{name} cannot be imported: {fault}", fix)
    else:
        yield ok("plugin", f"{name} can be imported")
    yield from _manners(name, said)


def _manners(name: str, said: Mapping[str, Any]) -> Iterator[Finding]:
    if threads := said.get("threads"):
        text = f"importing {name} starts threads ({', '.join(threads)})"
        yield warn("plugin", text, "its author should start them in `open`")
    if said.get("seconds", 0) > SLOW_SECONDS:
        text = f"importing {name} takes {said['seconds']} s, at every start and restart"
        yield warn("plugin", text, "its author should import what is large when it is used")
