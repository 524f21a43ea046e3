"""A server that answers a simulated platform as it is told."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest


class Scripted:
    """A server that is no receiver: `answer` says what it answers to the nth request."""

    def __init__(self) -> None:
        self.answer: Callable[[int, bytes], tuple[int, Any]] = lambda *_: (404, {})
        self.bodies: list[bytes] = []
        self.headers: list[Mapping[str, str]] = []
        self.together = 0
        self._busy = 0
        self._lock = threading.Lock()

    def take(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, Any]:
        with self._lock:
            self._busy += 1
            self.together = max(self.together, self._busy)
            self.bodies.append(body)
            self.headers.append(headers)
            number = len(self.bodies)
        time.sleep(0.005)
        answer = self.answer(number, body)
        with self._lock:
            self._busy -= 1
        return answer


@pytest.fixture
def scripted() -> Iterator[tuple[Scripted, str]]:
    script = Scripted()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            status, said = script.take(
                self.rfile.read(int(self.headers["Content-Length"])), dict(self.headers)
            )
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Nothing is said."""

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 128  # as many as come at once

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield script, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
