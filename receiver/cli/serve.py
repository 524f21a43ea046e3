"""`receiver serve`: a receiver for the internet, with several workers and backstage.

Must not know: how requests are proved or answered, how sinks are called.
"""

from __future__ import annotations

import time
from typing import Annotated

import typer

import receiver
from receiver.cli import opening, options, output
from receiver.errors import ReceiverError

PATIENCE = 5.0
"""Seconds to wait for an address that another receiver may be about to give up."""


def serve(
    host: Annotated[str | None, typer.Option("--host", help="Where to listen.")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Where to listen; 0: any free.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes that take events in.")
    ] = None,
    config: options.Config = None,
    plugins_dir: options.PluginsDir = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Receive events with several workers, and deliver them: for the internet.

    Everything is checked before anything listens. SIGTERM lets what is under way end, SIGHUP
    begins anew with the configuration and the code of now; secrets, sources and routes are taken
    up within a second when the configuration changes.

    \b
    Examples:
      receiver serve
      receiver serve --config /etc/receiver/receiver.toml --workers 4
    """
    from receiver.settings import Flag

    flags = opening.flags(store_dir, plugins_dir)
    if workers is not None:
        flags.append(Flag("--workers", ("server", "workers"), workers))
    found = opening.load(config, [*flags])
    flags += opening.listening(found, host, port)
    found = opening.load(config, flags)
    opening.hand_down(config, flags)
    _free(found.settings.server.public, "receiver serve --port {free}")
    _free(found.settings.server.admin, 'admin = "127.0.0.1:{free}" in [server]')
    output.line(f"receiver {receiver.__version__}")
    from receiver.serving import Serving

    Serving().run()


def _free(address: str, advice: str) -> None:
    """Raise ReceiverError when nobody can listen there, after waiting for who may be leaving."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            opening.listen(address, advice).close()
        except ReceiverError:
            if time.monotonic() >= end:
                raise
            time.sleep(0.2)
        else:
            return
