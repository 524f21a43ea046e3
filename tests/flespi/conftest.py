"""flespi's REST API as far as channel messages go, strict about what it is asked.

Built from the module flespi_receiver (core.py, swagger_api_reduced.py): GET
/gw/channels/ID/messages with `data` as JSON, a long poll, `next_key`, and `delete`, which removes
what stands before `curr_key` when it is asked for.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from receiver.testing import RunningReceiver

TOKEN = "t0k3n-of-a-channel"
ASKED = {"curr_key": int, "timeout": int, "delete": bool, "limit_count": int, "limit_size": int}


@dataclass
class Channel:
    """A channel and what was asked of it."""

    number: int = 429
    url: str = ""
    messages: dict[int, bytes] = field(default_factory=dict)
    """By key, from 1 on."""
    next: int = 1
    asked: list[dict[str, Any]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    """To give instead, once each."""
    lock: threading.Condition = field(default_factory=threading.Condition)

    def add(self, *messages: bytes) -> None:
        with self.lock:
            for message in messages:
                self.messages[self.next] = message
                self.next += 1
            self.lock.notify_all()

    def get(self, asked: dict[str, Any]) -> bytes:
        """The answer to a valid request, after the long poll."""
        begin = asked["curr_key"]
        with self.lock:
            if asked["delete"]:
                for key in [key for key in self.messages if key < begin]:
                    del self.messages[key]
            self.lock.wait_for(lambda: self.next > max(begin, 1), timeout=asked["timeout"])
            found = [(k, raw) for k, raw in sorted(self.messages.items()) if k >= begin]
        part, size = [], 0
        for key, raw in found[: asked["limit_count"]]:
            size += len(raw)
            if part and size > asked["limit_size"]:
                break
            part.append((key, raw))
        following = part[-1][0] + 1 if part else begin
        return b'{"result":[%s],"next_key":%d}' % (b",".join(raw for _, raw in part), following)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    channel: Channel

    def do_GET(self) -> None:
        channel = self.channel
        if channel.answers:
            status, headers, body = channel.answers.pop(0)
        elif wrong := self._wrong():
            channel.violations.append(wrong)
            status, headers, body = 400, {}, b'{"errors":[{"code":400,"reason":"bad request"}]}'
        elif self.headers["Authorization"] != f"FlespiToken {TOKEN}":
            status, headers, body = 401, {}, b'{"errors":[{"code":401,"reason":"token"}]}'
        else:
            asked = json.loads(parse_qs(urlsplit(self.path).query)["data"][0])
            channel.asked.append(asked)
            status, headers, body = 200, {}, channel.get(asked)
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True  # it was killed meanwhile, as some tests want it to be

    def _wrong(self) -> str:
        """What is wrong with a request."""
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, strict_parsing=True)
        if parts.path != f"/gw/channels/{self.channel.number}/messages":
            return f"path {parts.path}"
        if set(query) != {"data"} or len(query["data"]) != 1:
            return f"query {parts.query}"
        if self.headers["Content-Type"] != "application/json" or "content-length" in self.headers:
            return "headers"
        asked = json.loads(query["data"][0])
        kinds = {name: type(value) for name, value in asked.items()}
        return "" if kinds == ASKED else f"data {asked}"

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def channel() -> Iterator[Channel]:
    channel = Channel()
    bound = type("Bound", (Handler,), {"channel": channel})
    with ThreadingHTTPServer(("127.0.0.1", 0), bound) as server:
        server.daemon_threads = True
        channel.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield channel
        server.shutdown()
        thread.join()


@pytest.fixture
def settings(channel: Channel) -> dict[str, Any]:
    return {
        "channel": channel.number,
        "token": TOKEN,
        "url": channel.url,
        "allow_private": True,
        "timeout": 1,
    }


@pytest.fixture
def receiver(channel: Channel, settings: dict[str, Any], tmp_path: Path) -> Iterator[Any]:
    """A receiver that pulls seven messages at a time; not started."""
    told = {**settings, "limit_count": 7, "token": "env:FLESPI_TOKEN"}
    lines = [f"{name} = {json.dumps(value)}" for name, value in told.items()]
    config = "\n".join(["[sources.flespi.pull.main]", 'transport = "flespi-rest"', *lines, ""])
    receiver = RunningReceiver(tmp_path, config=config, environ={"FLESPI_TOKEN": TOKEN})
    yield receiver
    receiver.stop()


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait for a condition; fail when it does not come true."""

    def until(true: Callable[[], Any], seconds: float = 40.0) -> None:
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, "it did not come true in time"
            time.sleep(0.01)

    return until
