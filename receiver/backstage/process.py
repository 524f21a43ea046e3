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
from functools import partial
from typing import NoReturn

from receiver import configured, logs
from receiver.backstage.listener import Listener
from receiver.backstage.operators import Operators
from receiver.backstage.routes import routes
from receiver.backstage.stage import Stage
from receiver.backstage.thread import asked, settled, stray_of
from receiver.dispatch import Route
from receiver.dispatch import loop as own_loop
from receiver.errors import ReceiverError
from receiver.http.admin import Ready
from receiver.metrics import Delivery, Exposition, folder_of
from receiver.preparation import prepare
from receiver.running import say
from receiver.supervisor import PULSE
from receiver.watchdog import Pulse, Watchdog, arm, confined

BEAT_SECONDS = 0.5

_log = logging.getLogger("receiver.backstage")


class Process:
    """One run; `run` returns whether another is to follow."""

    def __init__(
        self, make: Callable[[], Stage], operate: Callable[[Stage, Ready], Operators]
    ) -> None:
        self._make = make
        self._operate = operate
        self._again = False
        self._interrupted = False
        self._reloading: asyncio.Task[None] | None = None

    async def run(self) -> bool:
        """Deliver until a signal says otherwise. Raises StoreError."""
        loop = asyncio.get_running_loop()
        stage = self._make()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._leave, stage, number)
        loop.add_signal_handler(signal.SIGHUP, self._reload, stage)
        operators = self._operate(stage, lambda: asked(loop, stage))
        listener = Listener(stage.found.settings.server.admin, operators.app, operators.close)
        listener.start()
        say(f"  admin      {listener.url or 'waits for its address'}")
        supervised = _supervised()
        beating = asyncio.create_task(_beat(*supervised, stage)) if supervised else None
        try:
            await stage.run(
                ready=lambda: self._watch(stage),
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

    def _watch(self, stage: Stage) -> None:
        say("  delivering " + _names(stage))
        assert stage.dispatcher is not None
        self._watchdog = Watchdog(stage.dispatcher, stage.folder)
        self._watchdog.start()

    def _leave(self, stage: Stage, number: signal.Signals) -> None:
        if number == signal.SIGINT:
            if self._interrupted:
                os._exit(1)  # the second Ctrl-C; what is under way is delivered again
            self._interrupted = True
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

    metrics = Exposition(catalogue.contract, folder_of(folder), [figures])

    def operate(stage: Stage, ready: Ready) -> Operators:
        return Operators(
            found,
            catalogue,
            environ,
            lambda: stage.present,
            partial(settled, asyncio.get_running_loop(), stage),
            ready=ready,
            metrics=metrics,
            login_refused=figures.login_refused,
            route=stage.route,
        )

    leave(own_loop.run(Process(make, operate).run(), stray_of(chosen)))


def leave(again: bool) -> NoReturn:
    """End this process hard: threads that hooks still run in are not waited for."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    if again:
        if supervised := _supervised():
            os.set_inheritable(supervised[0], True)
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 (ourselves)
    os._exit(0)


def _supervised() -> tuple[int, int] | None:
    """Where to give signs of life, and the process that reads them; None when nobody does."""
    descriptor, colon, reader = os.environ.get(PULSE, "").partition(":")
    return (int(descriptor), int(reader)) if colon else None


async def _beat(descriptor: int, reader: int, stage: Stage) -> None:
    """Give signs of life; when nobody is there to read them any more, end."""
    pulse = Pulse(descriptor)
    while os.getppid() == reader:
        pulse.beat()
        await asyncio.sleep(BEAT_SECONDS)
    _log.error("who started backstage is gone: it lets what is under way end, and ends")
    stage.stop()


def _names(stage: Stage) -> str:
    assert stage.dispatcher is not None
    names = ", ".join(route.name for route in stage.dispatcher.routes)
    return names or "nothing: there are no routes"
