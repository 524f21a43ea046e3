"""`python -m receiver.doctor.probe`: imports one plugin, or opens the sink of one route.

It says as one line of JSON how long the import took, which threads it started, and what went wrong.
Must not know: what is made of it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from receiver.errors import PluginError, ReceiverError

if TYPE_CHECKING:
    from receiver.plugins import Plugin
    from receiver.settings import Configuration

OPENING = 15.0
CLOSING = 5.0


def main() -> None:
    """Probe what the arguments name: `plugin NAME` or `route NAME`."""
    kind, name = sys.argv[1:]
    said: dict[str, Any] = {}
    sys.stdout = sys.stderr  # a plugin may print
    try:
        _probe(kind, name, said)
    except ReceiverError as error:
        said["error"] = str(error)
    os.write(1, json.dumps(said).encode() + b"\n")
    os._exit(0)  # whatever threads were started


def _probe(kind: str, name: str, said: dict[str, Any]) -> None:
    from receiver import configured
    from receiver.settings.file import load

    found = load(None, os.environ)
    plugins = configured.plugins(found)
    plugin = plugins[found.settings.routes[name].sink if kind == "route" else name]
    before = {thread.ident for thread in threading.enumerate()}
    began = time.perf_counter()
    plugin.load()
    said["seconds"] = round(time.perf_counter() - began, 2)
    said["threads"] = [
        thread.name for thread in threading.enumerate() if thread.ident not in before
    ]
    if kind == "route":
        said["opened"] = asyncio.run(_open(found, plugins, name))


async def _open(found: Configuration, plugins: Mapping[str, Plugin], name: str) -> str:
    """Open and close the sink of a route; how it went wrong, empty where it did not."""
    from receiver import configured, secrets
    from receiver.dispatch.outcome import Raised, spoken
    from receiver.dispatch.threads import once
    from receiver.plugins import anchored, bind

    plugin = plugins[found.settings.routes[name].sink]
    try:
        settings = anchored(plugin, secrets.sink_settings(found, name, os.environ), found.base)
        sink = bind(plugin, name, settings, configured.catalogue(found).hookspecs)
    except PluginError as error:
        return str(error)
    try:
        result = await once(sink.open, OPENING) if sink.open else None
        if isinstance(result, Raised):
            return f"{type(result.error).__name__}: {spoken(result.error)}"
        if sink.close:
            await once(sink.close, CLOSING)
        return ""
    finally:
        await sink.release()


if __name__ == "__main__":
    main()
