"""gunicorn's settings: `gunicorn -c python:receiver.gunicorn receiver.asgi:app`.

Read from the configuration when gunicorn reads them; `receiver serve` uses them, too. Beside it
`receiver backstage` must run. Nothing is opened here that a worker would share.
Must not know: how anything is done.
"""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import ExitStack
from typing import Any

from receiver import configured, logs, metrics, running
from receiver.errors import ReceiverError
from receiver.http.share import Board
from receiver.preparation import Prepared, prepare

_OF_WORKERS = ("receiver.asgi", "receiver.composition", "receiver.http.app", "receiver.intake")

MARGIN = 5
"""Seconds beyond `server.grace` after which what still runs is killed."""


def _setup() -> configured.Setup:
    try:
        return configured.settled(os.environ)  # at a reload a file may be broken just now
    except ReceiverError as error:
        sys.stderr.write(f"receiver: {error}\n")
        raise SystemExit(1) from None


_now = _setup()
# `receiver serve` runs this module again on SIGHUP, in the same namespace: these stay.
_told: ExitStack = globals().get("_told") or ExitStack()
_board: Board = globals().get("_board") or Board()

bind = [_now.found.settings.server.public]
workers = _now.found.settings.server.workers
worker_class = "receiver.worker.Worker"
logger_class = "receiver.arbiterlog.ArbiterLog"
preload_app = False
timeout = 30
graceful_timeout = int(_now.found.settings.server.grace) + MARGIN
backlog = 2048
accesslog = None
control_socket_disable = True
proc_name = "receiver"
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 (see above)


def _load_ahead() -> None:
    """Load once what every worker is made of: modules, nothing that is opened."""
    for name in _OF_WORKERS:
        importlib.import_module(name)


def on_starting(server: Any) -> None:
    """Before the listener opens: check everything, give every route its place."""
    logs.configure()
    configured.keep_spare(_now)
    try:
        tell(prepare(os.environ, meanwhile=_load_ahead))
        metrics.clear(metrics.folder_of(_now.found.store_path.parent))
    except OSError as error:
        server.log.warning("old counts are still there: %s", error)
    except ReceiverError as error:
        sys.stderr.write(f"receiver: {error}\n")
        raise SystemExit(1) from None


def when_ready(server: Any) -> None:
    """The listener is open: say where, for `receiver send` and the like."""
    name = server.LISTENERS[0].getsockname()
    address = running.address(*name[:2]) if isinstance(name, tuple) else f"unix:{name}"
    if isinstance(name, tuple):
        _told.enter_context(running.told(_now.found.store_path.parent, address))
    store = _now.found.settings.store
    running.say(f"  listening  {address}  ({server.num_workers} workers)")
    running.say(f"  inbox      {_now.found.store_path}  ({running.durability(store.durability)})")
    running.say("  stop       SIGTERM or Ctrl-C")


def pre_fork(server: Any, worker: Any) -> None:
    """A worker is about to be forked: give it a seat among the others."""
    worker.seat = _board.seat()


def on_reload(server: Any) -> None:
    """SIGHUP: as many workers as are configured now; each reads the configuration itself."""
    try:
        fresh = configured.current(os.environ)
    except ReceiverError as error:
        server.log.error("%s; the workers start with what was configured before", error)
        return
    configured.keep_spare(fresh)
    server.cfg.set("workers", fresh.found.settings.server.workers)
    server.num_workers = fresh.found.settings.server.workers


def child_exit(server: Any, worker: Any) -> None:
    """A worker ended: what it counted stays, its seat is free."""
    if worker.seat is not None:
        worker.seat.clear()
    try:
        metrics.fold(metrics.folder_of(_now.found.store_path.parent))
    except OSError as error:
        server.log.warning("the counts of worker %s wait to be added up: %s", worker.pid, error)


def on_exit(server: Any) -> None:
    """The listener is closed."""
    _told.close()


def tell(prepared: Prepared) -> None:
    """Say what there is to serve, and what is installed and not used."""
    routes = ", ".join(f"{name} ({sink})" for name, sink in prepared.routes)
    running.say(f"  paths      {prepared.paths} for events")
    running.say(f"  routes     {routes or 'none: events are kept and go nowhere'}")
    sources = ", ".join(prepared.sources)
    running.say(f"  sources    {sources or 'none has a secret: every event will be refused'}")
    for problem in prepared.broken:
        running.say(f"  broken     {problem}")
    for sink, toml in prepared.unused:
        running.say(f"  unused     sink {sink}; a route to it would be:")
        for line in toml.splitlines():
            running.say(f"               {line}")
