"""A real server, and clients that say exactly these bytes."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATH = "/flespi/messages"
SAID = re.compile(rb"HTTP/1\.1 (\d{3}) ")
SHORT: dict[str, Any] = {"head": 1.0, "idle": 2.0, "rest": 1.0, "answer": 2.0, "parting": 0.6}
"""Deadlines (seconds) that a test can wait for."""


class Server:
    """Where a server listens."""

    def __init__(self, port: int, process: subprocess.Popen[str]) -> None:
        self.port = port
        self.process = process

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=40)

    def answers(self, *pieces: bytes, pause: float = 0.0) -> list[int]:
        """The statuses of everything answered until the server closes."""
        return [int(status) for status in SAID.findall(self.said(*pieces, pause=pause))]

    def said(self, *pieces: bytes, pause: float = 0.0) -> bytes:
        """Everything that the server answers until it closes."""
        with self.connect() as connection:
            for piece in pieces:
                try:
                    connection.sendall(piece)
                except (BrokenPipeError, ConnectionResetError):
                    break
                time.sleep(pause)
            return rest_of(connection)

    def seen(self, *fields: bytes) -> dict[str, Any]:
        """What the server shows of this request, and of those before."""
        head = b"".join(field + b"\r\n" for field in fields)
        request = b"GET /test/seen HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + head + b"\r\n"
        answer: dict[str, Any] = json.loads(self.said(request).partition(b"\r\n\r\n")[2])
        return answer


def rest_of(connection: socket.socket) -> bytes:
    """What is still answered, up to the close of the connection, in whatever manner."""
    said = b""
    try:
        while chunk := connection.recv(1 << 20):
            said += chunk
    except ConnectionResetError:
        pass
    return said


def post(
    body: bytes = b"[]", *fields: bytes, path: str = PATH, last: bool = True, version: str = "1.1"
) -> bytes:
    """An authentic request; `last`: the connection is to be closed after it."""
    head = [
        f"POST {path} HTTP/{version}".encode(),
        b"Host: x",
        b"X-Flespi-Key: honest",
        *([b"Connection: close"] if last else []),
        *(fields or [b"Content-Length: %d" % len(body)]),
    ]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


@contextmanager
def serving(**limits: Any) -> Iterator[Server]:
    """A server with these limits, in a process of its own."""
    script = Path(__file__).with_name("serving.py")
    with subprocess.Popen(
        [sys.executable, str(script), json.dumps(limits)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            server = Server(int(process.stdout.readline()), process)
            assert server.answers(post()) == [200]
            yield server
        finally:
            process.terminate()
            process.wait(60)
