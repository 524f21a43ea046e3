"""A target that answers as told and remembers every request, on the loopback address."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from receiver import Event

RAW = b'{ "node_id":"n1",  "temperature": 21.50, "name": "K\xc3\xbcche <1>" }'


@dataclass
class Request:
    method: str
    path: str
    port: int
    """Of the connection, on the sink's side."""
    headers: dict[str, str]
    body: bytes


@dataclass
class Target:
    """What the target has seen, and what it will answer."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    answer: bytes = b""
    pause: float = 0.0
    """Seconds before the status line."""
    stall: float = 0.0
    """Seconds before the body."""
    requests: list[Request] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    target: Target

    def do_POST(self) -> None:
        target = self.target
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        target.requests.append(
            Request(self.command, self.path, self.client_address[1], headers, body)
        )
        time.sleep(target.pause)
        try:
            self.send_response(target.status)
            for name, value in target.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(target.answer)))
            self.end_headers()
            time.sleep(target.stall)
            self.wfile.write(target.answer)
        except ConnectionError:
            self.close_connection = True  # the sink went away first, as some tests want it to

    do_PUT = do_POST

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def target() -> Iterator[Target]:
    target = Target()
    bound = type("Bound", (Handler,), {"target": target})
    with ThreadingHTTPServer(("127.0.0.1", 0), bound) as server:
        target.url = f"http://127.0.0.1:{server.server_port}/hooks/T0/s3cr3t-path"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield target
        server.shutdown()
        thread.join()


@pytest.fixture
def event() -> Event[Any]:
    return Event(
        seq=7,
        id="0197f6a2-7a51-7c3e-9a39-0d3b6a1f2c11",
        source="acme",
        type="thing/changed",
        key="k-1",
        time=datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC),
        received_at=datetime(2026, 5, 1, 12, 0, 1, tzinfo=UTC),
        node="n1",
        user="u1",
        raw=RAW,
    )
