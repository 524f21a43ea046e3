"""An HTTP server on the loopback address that answers as it is told and remembers every request.

Must not know: who sends to it.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar

STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request, as it came."""

    method: str
    path: str
    """With its query."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    port: int
    """Of the connection, on the sender's side."""

    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


@dataclass(slots=True)
class Answer:
    """What a request is told."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    pause: float = 0.0
    """Seconds before the status line."""
    stall: float = 0.0
    """Seconds before the body."""
    hang_up: bool = False
    """Close the connection and say nothing."""


class RecordingServer:
    """A context manager: the server runs inside of the block.

    `answer` is what each request is told, `answers` what the next ones are told before that.
    With an SSL context it speaks HTTPS.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, path: str = "/hook") -> None:
        self.requests: list[Recorded] = []
        self.answer = Answer()
        self.answers: deque[Answer] = deque()
        self._tls = tls
        self._path = path
        self._changed = threading.Condition()
        self.url = ""
        """Where it is, with a path."""

    def wait_for(self, count: int, seconds: float = 40.0) -> list[Recorded]:
        """The requests, once there are `count` of them; RuntimeError when they do not come."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.requests) >= count, seconds):
                raise RuntimeError(
                    f"{len(self.requests)} of {count} requests came within {seconds:g} s"
                )
            return list(self.requests)

    def take(self, request: Recorded) -> Answer:
        """Remember a request, and say what it is told."""
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
            return self.answers.popleft() if self.answers else self.answer

    def __enter__(self) -> RecordingServer:
        handler = type("Handler", (_Handler,), {"recorder": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        scheme = "http"
        if self._tls is not None:
            scheme = "https"
            # Without the handshake at accept: a client that breaks it off must not end the server.
            self._server.socket = self._tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}{self._path}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join(STOP_SECONDS)
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # socketserver's 5 is less than what one sink may open at once


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60.0
    """Seconds that a connection may be idle; longer than clients keep one."""
    recorder: ClassVar[RecordingServer]

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, ssl.SSLError):
            self.close_connection = True  # the client went away first, as some tests want it to

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.recorder.take(
            Recorded(self.command, self.path, headers, body, self.client_address[1])
        )
        time.sleep(answer.pause)
        if answer.hang_up:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        time.sleep(answer.stall)
        self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _take

    def log_message(self, *args: Any) -> None:
        """Say nothing."""
