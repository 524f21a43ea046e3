"""The admin application, and that the public one has nothing of it."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import httpx
import pytest
from rawhttp import SAID, Server

from receiver import catalogue
from receiver.http import admin

DOCUMENT = catalogue.load().contract.document
PATHS = ["/readyz", "/metrics", "/openapi.json", "/docs", "/docs/", "/docs/swagger-ui-bundle.js"]


class Installation:
    """What the application asks about."""

    def __init__(self) -> None:
        self.checks: dict[str, str | None] = {"store": None, "dispatcher": None, "lease": None}
        self.error: Exception | None = None
        self.seconds = 0.0

    async def ready(self) -> dict[str, str | None]:
        await asyncio.sleep(self.seconds)
        if self.error:
            raise self.error
        return self.checks

    def metrics(self) -> tuple[bytes, str]:
        if self.error:
            raise self.error
        return b"receiver_events_total 1\n", "text/plain; version=0.0.4; charset=utf-8"


@pytest.fixture
def installation() -> Installation:
    return Installation()


@pytest.fixture
def client(installation: Installation) -> httpx.AsyncClient:
    app: Any = admin.build(
        document=DOCUMENT, ready=installation.ready, metrics=installation.metrics
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://admin")


async def test_it_is_healthy_while_it_answers(client: httpx.AsyncClient) -> None:
    answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_it_is_ready_when_every_check_passes(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "checks": {"store": "ok", "dispatcher": "ok", "lease": "ok"},
    }


async def test_it_says_which_check_fails_and_why(
    client: httpx.AsyncClient, installation: Installation
) -> None:
    installation.checks["lease"] = "another receiver delivers from this store"
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["lease"] == "another receiver delivers from this store"
    assert answer.json()["checks"]["store"] == "ok"


async def test_a_check_that_breaks_or_hangs_is_not_ready(
    client: httpx.AsyncClient, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.error = OSError("/secret/path")
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert "secret" not in answer.text
    installation.error = None
    installation.seconds = 10.0
    monkeypatch.setattr(admin, "READY_SECONDS", 0.05)
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")


async def test_metrics_are_shown_in_the_form_they_say(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics")
    assert answer.text == "receiver_events_total 1\n"
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


async def test_the_contract_is_the_one_that_is_served(client: httpx.AsyncClient) -> None:
    answer = await client.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == json.loads(json.dumps(DOCUMENT))


async def test_the_docs_are_whole_and_come_from_here_alone(client: httpx.AsyncClient) -> None:
    redirect = await client.get("/docs")
    assert redirect.status_code == 307
    page = await client.get("/docs/")
    assert page.headers["content-type"].startswith("text/html")
    assert "//" not in page.text.replace("<!--", "").replace("-->", "")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    found = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(found) == 4
    for name in found:
        part = await client.get(f"/docs/{name}")
        assert part.status_code == 200, name
    start = await client.get("/docs/start.js")
    assert '"../openapi.json"' in start.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/nowhere", 404),
        ("GET", "/docs/nowhere.js", 404),
        ("GET", "/docs/..%2f..%2f__init__.py", 404),
        ("POST", "/gridx/events", 404),
        ("POST", "/readyz", 405),
        ("DELETE", "/metrics", 405),
    ],
)
async def test_anything_else_is_a_problem(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


async def test_a_fault_is_a_problem_that_tells_nothing(
    client: httpx.AsyncClient, installation: Installation
) -> None:
    installation.error = OSError("/secret/path")
    answer = await client.get("/metrics")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text


@pytest.mark.parametrize("path", PATHS)
def test_nothing_of_it_is_on_the_public_listener(server: Server, path: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert SAID.findall(server.said(head.encode())) == [b"404"]
