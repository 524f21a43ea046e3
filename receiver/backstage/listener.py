"""The admin listener: an application on an address of its own, in a thread with a loop of its own.

So it answers also when a hook holds up the loop that delivers. An address that cannot be had is
told once and tried again: deliveries do not depend on it. Must not know: what is served.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Awaitable, Callable

import uvicorn
from starlette.types import ASGIApp

from receiver.http.door import Limits
from receiver.http.protocol import guarded
from receiver.running import address
from receiver.settings import split_address

CONNECTIONS = 100
AGAIN_SECONDS = 1.0

_log = logging.getLogger("receiver.backstage")


class Listener:
    """Serves `app` on `where` (HOST:PORT) between `start` and `stop`."""

    def __init__(
        self, where: str, app: ASGIApp, close: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """`close` is called on the loop that served, when it has ended to."""
        self._where = where
        self._app = app
        self._close = close
        self._stopped = threading.Event()
        self._server: uvicorn.Server | None = None
        self._thread = threading.Thread(target=self._main, name="admin", daemon=True)
        self.url: str | None = None
        """Where it listens, once it does."""

    def start(self) -> None:
        """Begin to listen, now or as soon as the address is free."""
        self._listen(self._open(first=True))
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._stopped.set()
        if self._server is not None:
            self._server.should_exit = True
        self._thread.join(2.0)

    def _listen(self, opened: socket.socket | None) -> None:
        self._socket = opened
        if opened is not None:
            self.url = address(*opened.getsockname()[:2])

    def _open(self, *, first: bool) -> socket.socket | None:
        host, port = split_address(self._where)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            return socket.create_server((host, port), family=family)
        except OSError as error:
            if first:
                why = os.strerror(error.errno) if error.errno else str(error)
                _log.warning("the admin listener waits for %s: %s", self._where, why)
            return None

    def _main(self) -> None:
        while self._socket is None and not self._stopped.wait(AGAIN_SECONDS):
            self._listen(self._open(first=False))
            if self.url is not None:
                _log.info("the admin listener is at %s", self.url)
        if self._socket is not None and not self._stopped.is_set():
            asyncio.run(self._serve(self._socket))

    async def _serve(self, opened: socket.socket) -> None:
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._app,
                http=guarded(Limits(CONNECTIONS)),
                ws="none",
                lifespan="off",
                proxy_headers=False,
                access_log=False,
                log_config=None,
                log_level="warning",
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        try:
            if not self._stopped.is_set():
                await self._server.serve(sockets=[opened])
        finally:
            if self._close is not None:
                await self._close()
