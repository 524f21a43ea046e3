"""Platforms' APIs that take exactly what their documents say, and note whatever else is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

Done = subprocess.CompletedProcess[str]


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


Answer = tuple[int, Any]


@dataclass
class Fake:
    """A server around one function, which asserts that the platform would take the request."""

    answer: Callable[[Asked], Answer]
    asked: list[Asked] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    url: str = ""

    @property
    def calls(self) -> list[str]:
        return [f"{one.method} {one.path}" for one in self.asked]

    def take(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        try:
            return self.answer(asked)
        except (AssertionError, KeyError, TypeError) as error:
            self.wrong.append(f"{asked.method} {asked.path}: {error!r}")
            return 400, {"message": "wrong"}

    def __enter__(self) -> Fake:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def _take(self) -> None:
                parts = urlsplit(self.path)
                raw = self.rfile.read(int(self.headers.get("content-length", 0)))
                status, body = fake.take(
                    Asked(
                        self.command,
                        parts.path,
                        dict(parse_qsl(parts.query)),
                        {name.lower(): value for name, value in self.headers.items()},
                        json.loads(raw) if raw else None,
                    )
                )
                content = b"" if body is None else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = _take

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def platform() -> Iterator[Callable[[Callable[[Asked], Answer]], Fake]]:
    """Begins a fake platform; at the end nothing may have been asked that it would not take."""
    begun: list[Fake] = []
    with ExitStack() as stack:

        def begin(answer: Callable[[Asked], Answer]) -> Fake:
            begun.append(stack.enter_context(Fake(answer)))
            return begun[-1]

        yield begin
    assert [wrong for fake in begun for wrong in fake.wrong] == []


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., Done]:
    """Run `receiver platform …` in an empty folder; variables by keyword."""

    def command(*arguments: str, folder: Path | None = None, **environ: str) -> Done:
        return subprocess.run(
            [sys.executable, "-m", "receiver", "platform", *arguments],
            cwd=folder or tmp_path,
            env={**os.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return command
