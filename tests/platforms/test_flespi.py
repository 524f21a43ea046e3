"""`receiver platform flespi` against a fake of flespi's gateway API that takes nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from receiver.platforms.api import PlatformError
from receiver.platforms.flespi import Flespi
from receiver.testing import RunningReceiver

TOKEN = "t0k3n-for-streams"


class Gateway:
    """Streams as flespi keeps them, and what was asked."""

    def __init__(self) -> None:
        self.streams: dict[int, dict[str, Any]] = {}
        self.subscribed: list[tuple[int, int]] = []
        self.asked: list[str] = []
        self.broken: bytes | None = None
        self.url = ""

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, bytes]:
        self.asked.append(f"{method} {path}")
        if headers["authorization"] != f"FlespiToken {TOKEN}":
            return 401, b'{"errors":[{"code":401,"reason":"invalid token"}]}'
        if self.broken is not None:
            return 200, self.broken
        fields = "fields=id,name,enabled,configuration"
        if method == "GET" and path == f"/gw/streams/all?{fields}" and not body:
            return 200, json.dumps({"result": list(self.streams.values())}).encode()
        one = re.fullmatch(rf"/gw/streams/(\d+)\?{fields}", path)
        if method == "GET" and one and not body:
            found = self.streams.get(int(one[1]))
            return 200, json.dumps({"result": [found] if found else []}).encode()
        if method == "POST" and path == "/gw/streams":
            return self._create(headers, body)
        link = re.fullmatch(r"/gw/streams/(\d+)/channels/(\d+)", path)
        if method == "POST" and link and not body and int(link[1]) in self.streams:
            self.subscribed.append((int(link[1]), int(link[2])))
            return 200, b'{"result":[{}]}'
        gone = re.fullmatch(r"/gw/streams/(\d+)", path)
        if method == "DELETE" and gone and not body and int(gone[1]) in self.streams:
            del self.streams[int(gone[1])]
            return 200, b'{"result":[{}]}'
        return 404, b'{"errors":[{"code":404,"reason":"not found"}]}'

    def _create(self, headers: Any, body: bytes) -> tuple[int, bytes]:
        wanted = json.loads(body)
        [stream] = wanted
        configuration = stream["configuration"]
        right = (
            headers["content-type"] == "application/json"
            and set(stream) == {"name", "queue_ttl", "configuration"}
            and set(configuration) == {"type", "uri", "headers", "limit_messages"}
            and configuration["type"] == "http"
            and all(set(each) == {"name", "value"} for each in configuration["headers"])
        )
        if not right:
            return 400, b'{"errors":[{"code":400,"reason":"bad request","schema_hint":"name"}]}'
        number = 4711 + len(self.streams)
        self.streams[number] = {"id": number, "enabled": True, **stream}
        return 200, json.dumps({"result": [{"id": number}]}).encode()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    gateway = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, said = gateway.answer(self.command, self.path, self.headers, body)
            self.send_response(status)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_POST = do_DELETE = do_GET

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        gateway.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield gateway
        server.shutdown()
        thread.join()


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[RunningReceiver]:
    receiver = RunningReceiver(tmp_path, config="", environ={"FLESPI_TOKEN": TOKEN})
    yield receiver
    receiver.stop()


@pytest.fixture
def platform(receiver: RunningReceiver, gateway: Gateway) -> Callable[..., Any]:
    """Run `receiver platform flespi`."""
    return lambda *words: receiver.run("platform", "flespi", *words, "--api", gateway.url)


def test_a_configured_header_is_used(
    platform: Any, gateway: Gateway, receiver: RunningReceiver
) -> None:
    (receiver.folder / "receiver.toml").write_text(
        '[sources.flespi]\nheaders = [{ name = "X-Own", value = "env:OWN_KEY" }]\n'
    )
    receiver._environ["OWN_KEY"] = "k" * 40
    assert platform("create", "--url", "https://h.example.com").returncode == 0
    [stream] = gateway.streams.values()
    assert stream["configuration"]["headers"] == [{"name": "X-Own", "value": "k" * 40}]


def test_streams_are_listed_without_their_secrets_and_removed_when_somebody_agrees(
    platform: Any, gateway: Gateway
) -> None:
    platform("create", "--url", "https://hooks.example.com", "--name", "mine")
    [header] = gateway.streams[4711]["configuration"]["headers"]
    for words in (["list"], ["list", "--json"]):
        shown = platform(*words).stdout
        assert "mine" in shown
        assert "https://hooks.example.com/flespi/messages" in shown
        assert header["value"] not in shown
    refused = platform("remove", "4711")
    assert refused.returncode == 1
    assert "add --yes" in refused.stderr
    assert 4711 in gateway.streams
    assert platform("remove", "4711", "--yes").returncode == 0
    assert gateway.streams == {}
    missing = platform("remove", "4711", "--yes")
    assert (missing.returncode, missing.stderr) == (1, "receiver: there is no stream 4711\n")


def test_a_dry_run_shows_what_would_be_sent_and_sends_and_keeps_nothing(
    platform: Any, gateway: Gateway, receiver: RunningReceiver
) -> None:
    url = "https://hooks.example.com"
    shown = platform("create", "--url", url, "--channel", "429", "--dry-run").stdout
    assert f"POST {gateway.url}/gw/streams\n" in shown
    assert "/gw/streams/STREAM/channels/429" in shown
    assert TOKEN not in shown
    for words in (["remove", "4711", "--dry-run"], ["list", "--dry-run"]):
        assert platform(*words).returncode == 0
    assert gateway.asked == []
    assert not (receiver.folder / ".receiver").exists()


def test_a_wrong_token_is_told_in_one_line(platform: Any, receiver: RunningReceiver) -> None:
    receiver._environ["FLESPI_TOKEN"] = "wrong"
    done = platform("list")
    assert done.returncode == 1
    assert "401" in done.stderr
    assert "invalid token" in done.stderr
    del receiver._environ["FLESPI_TOKEN"]
    assert "set the variable FLESPI_TOKEN" in platform("list").stderr
    file = receiver.folder / "token"
    file.write_text(f"{TOKEN}\n")
    assert platform("list", "--token-file", str(file)).returncode == 0


@pytest.mark.parametrize("broken", [b"", b"[]", b'{"result":7}', b'{"errors":[{"code":1}]}'])
def test_an_answer_that_makes_no_sense_is_an_error(broken: bytes, gateway: Gateway) -> None:
    gateway.broken = broken
    client = Flespi(TOKEN, gateway.url)
    with pytest.raises(PlatformError):
        client.streams()
    client.close()
