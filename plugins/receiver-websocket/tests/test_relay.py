"""Browsers, played by a WebSocket client and by a real browser."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from receiver_websocket import WebSocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from receiver.testing import OpenedSink, delivering, sample_event

TOKEN = "a-token-of-the-tests"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
SECONDS = 20.0


@asynccontextmanager
async def relaying(**settings: Any) -> AsyncIterator[OpenedSink]:
    given = {"listen": "127.0.0.1:0", "tokens": [TOKEN], **settings}
    async with delivering(WebSocket(WebSocket.Settings.model_validate(given))) as opened:
        yield opened


@asynccontextmanager
async def browsing(sink: OpenedSink, token: str = TOKEN, **said: Any) -> AsyncIterator[Any]:
    async with connect(f"ws://127.0.0.1:{port(sink)}/") as client:
        await client.send(json.dumps({"token": token, **said}))
        assert await read(client) == {"ready": True}
        yield client


def port(sink: OpenedSink) -> int:
    assert isinstance(sink.sink, WebSocket)
    return sink.sink.port


async def read(client: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(client.recv(), SECONDS))


def online(node: str = "a") -> Any:
    return sample_event("appliance/online", {"data.applianceID": node})


async def test_a_client_gets_events_as_cloudevents_from_then_on() -> None:
    async with relaying() as sink:
        await sink.deliver([online("missed")])
        async with browsing(sink) as client:
            event = online("seen")
            [result] = await sink.deliver([event])
            assert result.outcome == "delivered"
            assert await read(client) == event.cloudevent()


@pytest.mark.parametrize(
    ("said", "nodes"),
    [
        ({}, ["a", "b", "c"]),
        ({"nodes": ["b", "c"]}, ["b", "c"]),
        ({"nodes": ["!b"]}, ["a", "c"]),
        ({"events": ["appliance/*"], "nodes": ["*", "!a", "!c"]}, ["b"]),
        ({"sources": ["nobody"]}, []),
        ({"events": ["appliance/off*"]}, []),
        ({"users": ["ada"]}, []),
    ],
)
async def test_each_client_has_filters_of_its_own(said: dict[str, Any], nodes: list[str]) -> None:
    last = sample_event("flespi/message")
    async with relaying() as sink, browsing(sink, **said) as client, browsing(sink) as other:
        await sink.deliver([online("a"), online("b"), online("c")])
        seen = [(await read(client))["subject"] for _ in nodes]
        assert [(await read(other))["subject"] for _ in range(3)] == ["a", "b", "c"]
        await sink.deliver([last])
        assert (await read(other))["type"] == "flespi/message"
    assert seen == nodes


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ('{"token": "another-token-here"}', "the token is wrong"),
        ('{"events": []}', "holds the token"),
        ("nonsense", "is JSON"),
        ("[" * 5000, "is JSON"),
        ('{"token": "\\ud800"}', "the token is wrong"),
        (f'{{"token": "{TOKEN}", "events": "*"}}', "is a list"),
        (f'{{"token": "{TOKEN}", "nodes": [7]}}', "is a text"),
    ],
)
async def test_a_client_without_the_token_is_told_why_and_closed(message: str, said: str) -> None:
    async with relaying() as sink, connect(f"ws://127.0.0.1:{port(sink)}/") as client:
        await client.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(client.recv(), SECONDS)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, said in closed.value.rcvd.reason) == (4401, True)


async def test_the_slowest_client_is_dropped_and_counted_and_nobody_waits_for_it() -> None:
    large = sample_event("appliance/online", {"data.text": "x" * 200_000})
    async with relaying(waiting=5) as sink, browsing(sink, nodes=["none"]) as quick:
        async with connect(f"ws://127.0.0.1:{port(sink)}/", max_queue=1) as slow:
            await slow.send(json.dumps({"token": TOKEN}))
            await read(slow)  # and nothing after that
            relay = sink.sink
            assert isinstance(relay, WebSocket)
            for _ in range(400):
                [result] = await asyncio.wait_for(sink.deliver([large]), SECONDS)
                assert result.outcome == "delivered"
                if relay.dropped:
                    break
        assert relay.dropped == 1
        await sink.deliver([online("none")])
        assert (await read(quick))["subject"] == "none"


async def test_more_clients_than_configured_are_sent_away() -> None:
    async with (
        relaying(clients=1) as sink,
        browsing(sink),
        connect(f"ws://127.0.0.1:{port(sink)}/") as second,
    ):
        with pytest.raises(ConnectionClosed, match="too many connections"):
            await asyncio.wait_for(second.recv(), SECONDS)


async def test_only_configured_pages_may_connect() -> None:
    async with relaying(origins=["https://app.example.com"]) as sink:
        url = f"ws://127.0.0.1:{port(sink)}/"
        async with connect(url, origin="https://app.example.com"):  # type: ignore[arg-type]
            pass
        with pytest.raises(InvalidStatus, match="403"):
            async with connect(url, origin="https://evil.example.com"):  # type: ignore[arg-type]
                pass


async def test_the_example_page_is_shown_unless_it_is_not_wanted() -> None:
    async with relaying() as sink, httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{port(sink)}/")
        assert (answer.status_code, "Events, live" in answer.text) == (200, True)
        assert len(answer.text.splitlines()) <= 45
        assert (await client.get(f"http://127.0.0.1:{port(sink)}/other")).status_code == 404
    async with relaying(page=False) as sink, httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"http://127.0.0.1:{port(sink)}/")).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"tokens": []}, "at least 1"),
        ({"tokens": ["short"]}, "16 characters"),
        ({"listen": "8090"}, "HOST:PORT"),
        ({"listen": "host:99999"}, "HOST:PORT"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        WebSocket.Settings.model_validate({"tokens": [TOKEN], **wrong})


class Browser:
    """A page of a real browser, by the Chrome DevTools protocol."""

    def __init__(self, tools: ClientConnection) -> None:
        self._tools = tools
        self._number = 0

    async def run(self, script: str) -> Any:
        """What an expression gives."""
        self._number += 1
        message = {"expression": script, "awaitPromise": True, "returnByValue": True}
        call = {"id": self._number, "method": "Runtime.evaluate", "params": message}
        await self._tools.send(json.dumps(call))
        while True:
            answer = await read(self._tools)
            if answer.get("id") == self._number:
                return answer["result"]["result"].get("value")

    async def until(self, script: str) -> None:
        """Wait for an expression to be true."""
        async with asyncio.timeout(SECONDS):
            while not await self.run(script):  # noqa: ASYNC110 - a page rings no bell
                await asyncio.sleep(0.05)


@asynccontextmanager
async def browser(url: str, folder: Path) -> AsyncIterator[Browser]:
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    options += ["--remote-debugging-port=0", f"--user-data-dir={folder}", "--no-first-run", url]
    process = await asyncio.create_subprocess_exec(
        str(CHROMIUM), *options, stderr=asyncio.subprocess.PIPE
    )
    try:
        assert process.stderr is not None
        place = ""
        async with asyncio.timeout(2 * SECONDS):
            while not place:
                line = (await process.stderr.readline()).decode(errors="replace")
                found = re.search(r"DevTools listening on ws://([^/]+)/", line)
                place = found[1] if found else ""
        async with httpx.AsyncClient(trust_env=False) as client:
            targets = (await client.get(f"http://{place}/json/list")).json()
        [page] = [target for target in targets if target["type"] == "page"]
        async with connect(page["webSocketDebuggerUrl"], max_size=None) as tools:
            yield Browser(tools)
    finally:
        process.terminate()
        await process.communicate()


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium (apt-get install chromium)")
async def test_a_real_browser_shows_events_as_they_come(tmp_path: Path) -> None:
    async with relaying() as sink, browser(f"http://127.0.0.1:{port(sink)}/", tmp_path) as page:
        await page.until("document.querySelector('form') !== null")
        await page.run(f"document.forms[0].token.value = '{TOKEN}'")
        await page.run("document.forms[0].events.value = 'appliance/*'")
        await page.run("document.forms[0].requestSubmit()")
        await page.until("document.querySelector('output').value === 'connected'")
        await sink.deliver([sample_event("flespi/message"), online("<b>heat pump</b>")])
        await page.until("document.querySelectorAll('li').length === 1")
        shown = await page.run("document.querySelector('li').textContent")
        assert shown.startswith("appliance/online <b>heat pump</b> 20")
        assert await page.run("document.querySelectorAll('li b').length") == 0
