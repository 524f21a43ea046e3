"""Backstage as a process of its own: `receiver backstage`, and the child of `receiver serve`.

SIGTERM and Ctrl-C let what is under way end; SIGHUP does, and begins anew with the configuration
and the code of now, unless something is wrong there. Must not know: web workers.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NoReturn

from receiver import configured, logs
from receiver.backstage.listener import Listener
from receiver.backstage.routes import routes
from receiver.backstage.stage import Stage
from receiver.backstage.thread import asked
from receiver.dispatch import Route
from receiver.errors import ReceiverError
from receiver.http import admin
from receiver.metrics import Delivery, Exposition, folder_of
from receiver.preparation import prepare
from receiver.running import say
from receiver.supervisor import PULSE
from receiver.watchdog import Pulse, Watchdog, arm, confined

_log = logging.getLogger("receiver.backstage")

Metrics = Callable[[], tuple[bytes, str]]


class Process:
    """One run; `run` returns whether another is to follow."""

    def __init__(self, make: Callable[[], Stage], document: Any, metrics: Metrics) -> None:
        self._make = make
        self._document = document
        self._metrics = metrics
        self._again = False
        self._hurried = False
        self._reloading: asyncio.Task[None] | None = None

    async def run(self) -> bool:
        """Deliver until a signal says otherwise. Raises StoreError."""
        loop = asyncio.get_running_loop()
        stage = self._make()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._leave, stage, number)
        loop.add_signal_handler(signal.SIGHUP, self._reload, stage)
        app = admin.build(
            document=self._document, ready=lambda: asked(loop, stage), metrics=self._metrics
        )
        listener = Listener(stage.found.settings.server.admin, app)
        listener.start()
        say(f"  admin      {listener.url or 'waits for its address'}")
        pulse = _pulse()
        beating = asyncio.create_task(_beat(pulse)) if pulse is not None else None
        try:
            await stage.run(
                ready=lambda: self._watch(stage, pulse),
                waiting=lambda: say(
                    f"  waiting    another process delivers from {stage.folder}; "
                    "this one begins when it ends"
                ),
            )
        finally:
            if beating is not None:
                beating.cancel()
            listener.stop()
        return self._again

    def _watch(self, stage: Stage, pulse: Pulse | None) -> None:
        say("  delivering " + _names(stage))
        assert stage.dispatcher is not None
        self._watchdog = Watchdog(stage.dispatcher, stage.folder)
        self._watchdog.start()

    def _leave(self, stage: Stage, number: signal.Signals) -> None:
        if number == signal.SIGINT and self._hurried:
            os._exit(1)  # the second Ctrl-C; what is under way is delivered again
        self._hurried = True
        stage.stop()

    def _reload(self, stage: Stage) -> None:
        if self._reloading is None or self._reloading.done():
            self._reloading = asyncio.create_task(self._begin_anew(stage))

    async def _begin_anew(self, stage: Stage) -> None:
        try:
            await asyncio.to_thread(prepare, os.environ)
        except ReceiverError as error:
            _log.error("%s; nothing was reloaded", error)
            return
        self._again = True
        stage.stop()


def deliver(environ: Mapping[str, str]) -> NoReturn:
    """Deliver what the configuration that `environ` leads to says; ends the process.

    Raises ReceiverError for what is wrong at the start.
    """
    logs.configure()
    setup = configured.current(environ)
    found, folder = setup.found, setup.found.store_path.parent
    catalogue = configured.catalogue(found)
    plugins = configured.plugins(found)
    chosen = routes(found, catalogue, plugins, environ)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    figures = Delivery(found.store_path)

    def confine(some: Sequence[Route]) -> list[Route]:
        told = confined(folder, some)
        arm(folder)
        return told

    def make() -> Stage:
        return Stage(
            setup, catalogue, plugins, confine(chosen), environ, adapt=confine, figures=figures
        )

    process = Process(
        make,
        catalogue.contract.document,
        Exposition(catalogue.contract, folder_of(folder), [figures]),
    )
    leave(asyncio.run(process.run()))


def leave(again: bool) -> NoReturn:
    """End this process hard: threads that hooks still run in are not waited for."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    if again:
        if found := os.environ.get(PULSE):
            os.set_inheritable(int(found), True)
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 (ourselves)
    os._exit(0)


def _pulse() -> Pulse | None:
    found = os.environ.get(PULSE)
    return Pulse(int(found)) if found else None


async def _beat(pulse: Pulse) -> None:
    while True:
        pulse.beat()
        await asyncio.sleep(1.0)


def _names(stage: Stage) -> str:
    assert stage.dispatcher is not None
    names = ", ".join(route.name for route in stage.dispatcher.routes)
    return names or "nothing: there are no routes"
