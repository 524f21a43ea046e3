"""gunicorn's arbiter in this process, with backstage as one more child: what `receiver serve` runs.

Must not know: how events are taken in, or delivered.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from receiver.errors import ReceiverError
from receiver.preparation import prepare
from receiver.supervisor import Supervisor

QUICK_SECONDS = 2.0
BACKSTAGE = (sys.executable, "-m", "receiver", "backstage")


class Serving(BaseApplication):  # type: ignore[misc]
    """gunicorn with the settings of `receiver.gunicorn`. `run` does not return."""

    def load_config(self) -> None:
        settings = importlib.import_module("receiver.gunicorn")
        for name, value in vars(settings).items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def reload(self) -> None:
        importlib.reload(sys.modules["receiver.gunicorn"])
        super().reload()

    def load(self) -> Any:
        from receiver.asgi import public

        return public().app

    def run(self) -> None:
        Manager(self).run()


class Manager(Arbiter):  # type: ignore[misc]
    """gunicorn's arbiter, which looks after backstage in its rounds."""

    def __init__(self, app: Serving) -> None:
        super().__init__(app)
        self._backstage = Supervisor(BACKSTAGE, "backstage")
        self._main = os.getpid()

    def start(self) -> None:
        super().start()
        self._backstage.start()

    def handle_int(self) -> None:
        """Ctrl-C drains as SIGTERM does; SIGQUIT is the quick way."""
        self.handle_term()

    def handle_hup(self) -> None:
        """Begin anew with the configuration and the code of now, unless something is wrong."""
        try:
            prepare(os.environ)
        except ReceiverError as error:
            self.log.error("%s; nothing was reloaded", error)
            return
        self._backstage.send(signal.SIGHUP)
        super().handle_hup()

    def murder_workers(self) -> None:
        """Once a round; gunicorn looks for workers that hang here."""
        super().murder_workers()
        self._backstage.tick()

    def reap_workers(self) -> None:
        """After a child ended, and again and again while gunicorn waits for workers to end."""
        self._backstage.tick()  # before gunicorn asks for every child, also those it does not know
        super().reap_workers()

    def stop(self, graceful: bool = True) -> None:
        """End everything: workers and backstage drain at the same time."""
        end = time.monotonic() + (self.cfg.graceful_timeout if graceful else QUICK_SECONDS)
        self._backstage.begin_stop()
        super().stop(graceful)
        self._backstage.wait(end - time.monotonic())
