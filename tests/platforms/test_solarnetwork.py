"""`receiver platform solarnetwork` against a fake of SolarUser that checks each signature."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from receiver.platforms.api import PlatformError
from receiver.platforms.solarnetwork import SQS, SolarUser
from receiver.testing import RunningReceiver

TOKEN, SECRET = "test-token-id", "test-token-secret"
BASE = "/solaruser/api/v1/sec/user/event"
SERVICE = {"id": SQS, "localizedName": "SQS", "settingSpecifiers": [{"key": "region"}]}


def signature(method: str, path: str, headers: dict[str, str], body: bytes) -> str:
    """SNWS2 again, after its description and not after our implementation."""
    names = sorted(headers)
    lines = [method, path, ""]
    lines += [f"{name}:{headers[name]}" for name in names]
    lines += [";".join(names), hashlib.sha256(body).hexdigest()]
    at = parsedate_to_datetime(headers["x-sn-date"])
    message = "SNWS2-HMAC-SHA256\n" + at.strftime("%Y%m%dT%H%M%SZ") + "\n"
    message += hashlib.sha256("\n".join(lines).encode()).hexdigest()
    day = hmac.digest(f"SNWS2{SECRET}".encode(), at.strftime("%Y%m%d").encode(), "sha256")
    key = hmac.digest(day, b"snws2_request", "sha256")
    return hmac.digest(key, message.encode(), "sha256").hex()


class SolarServer:
    """Hooks as SolarUser keeps them."""

    def __init__(self) -> None:
        self.hooks: dict[int, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.url = ""

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, Any]:
        self.asked.append(f"{method} {path}")
        if not self._signed(method, path, headers, body):
            return 401, {"success": False, "message": "Bad credentials"}
        name = path.removeprefix(BASE)
        if (method, name) == ("GET", "/node/topics"):
            return 200, [{"id": "datum/agg/update", "localizedName": "Aggregate Updated"}]
        if (method, name) == ("GET", "/node/hook/services"):
            return 200, [SERVICE]
        if (method, name) == ("GET", "/node/hooks"):
            return 200, list(self.hooks.values())
        if (method, name) == ("POST", "/node/hooks"):
            wanted = json.loads(body)
            number = wanted.setdefault("id", 234 + len(self.hooks))
            self.hooks[number] = wanted
            return 200, {**wanted, "serviceProperties": {"secretKey": "{SSHA-256}abc"}}
        gone = re.fullmatch(r"/node/hooks/(\d+)", name)
        if method == "DELETE" and gone and self.hooks.pop(int(gone[1]), None):
            return 200, None
        return 404, {"success": False, "message": "no such hook"}

    def _signed(self, method: str, path: str, headers: Any, body: bytes) -> bool:
        found = re.fullmatch(
            r"SNWS2 Credential=([^,]+),SignedHeaders=([^,]+),Signature=([0-9a-f]{64})",
            headers["authorization"] or "",
        )
        if found is None or found[1] != TOKEN:
            return False
        must = ["host", "x-sn-date", *(["content-type", "digest"] if body else [])]
        told = {name: headers[name] for name in found[2].split(";")}
        return sorted(told) == sorted(must) and found[3] == signature(method, path, told, body)


@pytest.fixture
def solar() -> Iterator[SolarServer]:
    solar = SolarServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, data = solar.answer(self.command, self.path, self.headers, body)
            said = {"success": True, "data": data} if status == 200 else data
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_DELETE = do_GET

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        solar.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield solar
        server.shutdown()
        thread.join()


@pytest.fixture
def platform(tmp_path: Path, solar: SolarServer) -> Callable[..., Any]:
    """Run `receiver platform solarnetwork`."""
    receiver = RunningReceiver(
        tmp_path,
        environ={
            "SOLARNETWORK_TOKEN": TOKEN,
            "SOLARNETWORK_SECRET": SECRET,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI-K7MDENG",
        },
    )
    return lambda *words: receiver.run("platform", "solarnetwork", *words, "--api", solar.url)


SAVE = ("hooks", "save", "--region", "eu-west-1", "--queue", "solar")


def test_a_hook_is_saved_listed_replaced_and_removed(platform: Any, solar: SolarServer) -> None:
    done = platform(*SAVE, "--node", "456", "--source", "/power/**")
    assert done.returncode == 0, done.stderr
    assert '[sources.solarnetwork.pull.hooks]\ntransport = "sqs"' in done.stdout
    assert "wJalr" not in done.stdout
    assert solar.hooks[234] == {
        "id": 234,
        "name": "receiver",
        "topic": "datum/agg/update",
        "serviceIdentifier": SQS,
        "nodeIds": [456],
        "sourceIds": ["/power/**"],
        "serviceProperties": {
            "region": "eu-west-1",
            "queueName": "solar",
            "accessKey": "AKIDEXAMPLE",
            "secretKey": "wJalrXUtnFEMI-K7MDENG",
        },
    }
    assert platform(*SAVE, "--id", "234", "--service", "own").returncode == 0
    assert solar.hooks[234]["serviceIdentifier"] == "own"
    assert "nodeIds" not in solar.hooks[234]
    assert "solar" in platform("hooks", "list").stdout
    refused = platform("hooks", "remove", "234")
    assert "add --yes" in refused.stderr
    assert platform("hooks", "remove", "234", "--yes").returncode == 0
    assert solar.hooks == {}
    again = platform("hooks", "remove", "234", "--yes")
    assert again.returncode == 1
    assert "no such hook" in again.stderr


def test_topics_and_services_are_listed(platform: Any) -> None:
    assert "datum/agg/update" in platform("topics").stdout
    assert SQS in platform("services").stdout
    assert json.loads(platform("services", "--json").stdout) == [SERVICE]


def test_a_dry_run_shows_what_would_be_sent_and_sends_nothing(
    platform: Any, solar: SolarServer
) -> None:
    shown = platform(*SAVE, "--dry-run").stdout
    assert f"POST {solar.url}{BASE}/node/hooks" in shown
    assert "x-sn-date" in shown
    assert "wJalr" not in shown
    assert SECRET not in shown
    assert platform("hooks", "remove", "234", "--dry-run").returncode == 0
    assert solar.asked == []


def test_a_wrong_secret_is_told(solar: SolarServer) -> None:
    client = SolarUser(TOKEN, "wrong", solar.url)
    with pytest.raises(PlatformError, match="Bad credentials"):
        client.topics()
    client.close()


def test_requests_are_signed_as_the_published_vectors_are() -> None:
    at = datetime(2025, 6, 16, 3, 4, 5, tzinfo=UTC)
    client = SolarUser("token", "shhh-not-a-secret", clock=lambda: at)
    request = httpx.Request(
        "POST",
        f"https://data.solarnetwork.net{BASE}/node/hooks",
        content=b'{"name":"agg","topic":"datum/agg/update"}',
    )
    headers = client.signed(request)
    assert headers["x-sn-date"] == "Mon, 16 Jun 2025 03:04:05 GMT"
    assert headers["digest"] == "sha-256=dFH9M3ZdjjAQLcNCg2DAiaezwg7+ol6oXR7tW+AhL4U="
    assert headers["authorization"] == (
        "SNWS2 Credential=token,SignedHeaders=content-type;digest;host;x-sn-date,"
        "Signature=61a61b0adf670cca65853831567d21ed844e764b42aa31686d9456d0ed5dd2c7"
    )
    client.close()
