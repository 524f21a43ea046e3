"""gunicorn's worker: uvicorn's, with our protocol; it drains, and does not outlive its arbiter.

Must not know: what is served, how it is configured beyond its limits.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
import sys
from types import FrameType
from typing import Any

from gunicorn.arbiter import Arbiter
from uvicorn_worker import UvicornWorker

from receiver import logs
from receiver.draining import Draining
from receiver.http.share import Seat

PARENT_SECONDS = 0.5


class Worker(UvicornWorker):  # type: ignore[misc]
    """One process that takes events in."""

    seat: Seat | None = None
    """Its place among the workers of the socket; the arbiter gives it."""

    CONFIG_KWARGS: dict[str, Any] = {
        "loop": "uvloop",
        "lifespan": "on",
        "ws": "none",
        "access_log": False,
        "log_level": "warning",
        "proxy_headers": False,
        "server_header": False,
    }

    def init_process(self) -> None:
        logs.configure()
        faulthandler.enable()  # a worker that the arbiter aborts says where it was
        super().init_process()

    def init_signals(self) -> None:
        super().init_signals()
        # Until the server listens to these nothing was read.
        signal.signal(signal.SIGTERM, _leave)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the arbiter hears it, too, and tells us

    async def _serve(self) -> None:
        # What is opened from here on is opened by this process alone.
        from receiver.asgi import public

        served = public()
        self.config.configure_logging()  # our own has adopted the access log, which is off
        self.config.app = self.wsgi
        self.config.http = served.protocol(self.seat)
        self.config.timeout_graceful_shutdown = max(1, int(served.found.settings.server.grace))
        server = Draining(self.config, self.seat)

        def quit_now() -> None:
            server.should_exit = server.force_exit = True

        asyncio.get_running_loop().add_signal_handler(signal.SIGQUIT, quit_now)
        following = asyncio.create_task(self._follow_parent(server))
        await server.serve(sockets=[listener.sock for listener in self.sockets])
        following.cancel()
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)

    async def _follow_parent(self, server: Draining) -> None:
        """Drain when the arbiter was killed: nobody else would stop us, and we hold its port."""
        while os.getppid() == self.ppid:  # noqa: ASYNC110 (nobody tells that a parent died)
            await asyncio.sleep(PARENT_SECONDS)
        self.log.error("the arbiter is gone: this worker answers what it has read, and ends")
        server.should_exit = True


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)
