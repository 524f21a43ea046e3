"""Events on their way to a real HTTP target on the loopback address."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from receiver_http import Http
from standardwebhooks import Webhook

from receiver import Event, Reject, Retry

SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
TOKEN = "Bearer t0k3n-of-the-crm"


@asynccontextmanager
async def sink(target: Any, **settings: Any) -> AsyncIterator[Http]:
    made = Http(Http.Settings(**{"url": target.url, "allow_private": True, **settings}))
    made.open()
    try:
        yield made
    finally:
        await made.http.aclose()


async def test_an_event_arrives_as_a_cloudevent(target: Any, event: Event[Any]) -> None:
    async with sink(target) as http:
        await http.on_event(event)
    [request] = target.requests
    assert (request.method, request.path) == ("POST", "/hooks/T0/s3cr3t-path")
    assert request.headers["content-type"] == "application/cloudevents+json"
    assert request.headers["webhook-id"] == event.id
    assert json.loads(request.body) == event.cloudevent()


async def test_raw_is_the_platforms_json_byte_for_byte(target: Any, event: Event[Any]) -> None:
    async with sink(target, body="raw", method="PUT") as http:
        await http.on_event(event)
    [request] = target.requests
    assert (request.method, request.body) == ("PUT", event.raw)
    assert request.headers["content-type"] == "application/json"


async def test_a_template_writes_the_body(target: Any, event: Event[Any]) -> None:
    template = '{"text": {{ ("%s is at %s" % (data.name, data.temperature)) | tojson }}}'
    async with sink(target, body="template", template=template) as http:
        await http.on_event(event)
    assert json.loads(target.requests[0].body) == {"text": "Küche <1> is at 21.5"}


async def test_a_template_may_be_a_file_of_any_content_type(
    target: Any, event: Event[Any], tmp_path: Any
) -> None:
    file = tmp_path / "line.jinja"
    file.write_text("{{ event.source }},{{ event.node }},{{ event.time.isoformat() }}\n")
    settings = {"body": "template", "template_file": file, "content_type": "text/csv"}
    async with sink(target, **settings) as http:
        await http.on_event(event)
    assert target.requests[0].body == b"acme,n1,2026-05-01T12:00:00+00:00"
    assert target.requests[0].headers["content-type"] == "text/csv"


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ data.missing }}", "has no attribute 'missing'"),
        ("{{ data.name + 1 }}", "TypeError"),
        ("{{ 1 // 0 }}", "ZeroDivisionError"),
        ("{{ event.__class__.__mro__ }}", "unsafe"),
        ("{{ data.update({'a': 1}) }}", "unsafe"),
    ],
)
async def test_an_event_that_a_template_cannot_write_is_rejected(
    target: Any, event: Event[Any], template: str, reason: str
) -> None:
    async with sink(target, body="template", template=template) as http:
        with pytest.raises(Reject, match=reason):
            await http.on_event(event)
    assert target.requests == []


async def test_requests_are_signed_as_standard_webhooks_says(
    target: Any, event: Event[Any]
) -> None:
    async with sink(target, secret=SECRET, body="raw") as http:
        await http.on_event(event)
    [request] = target.requests
    assert Webhook(SECRET).verify(request.body, request.headers) == event.json()
    assert request.headers["webhook-id"] == event.id


async def test_own_headers_are_sent(target: Any, event: Event[Any]) -> None:
    async with sink(target, headers={"Authorization": TOKEN, "X-Team": "energy"}) as http:
        await http.on_event(event)
    headers = target.requests[0].headers
    assert (headers["authorization"], headers["x-team"]) == (TOKEN, "energy")


async def test_a_busy_target_is_asked_again_when_it_says(target: Any, event: Event[Any]) -> None:
    target.status, target.headers = 429, {"retry-after": "90"}
    async with sink(target) as http:
        with pytest.raises(Retry, match="answered 429") as caught:
            await http.on_event(event)
    assert caught.value.after == 90


async def test_a_refusal_is_final_and_quotes_the_answer_without_secrets(
    target: Any, event: Event[Any]
) -> None:
    target.status = 404
    target.answer = f"Cannot POST /hooks/T0/s3cr3t-path with {TOKEN}".encode() + b"." * 9999
    async with sink(target, headers={"Authorization": TOKEN}) as http:
        with pytest.raises(Reject) as caught:
            await http.on_event(event)
    assert str(caught.value).startswith("answered 404: Cannot POST [secret] with [secret]....")
    assert len(str(caught.value)) < 250


async def test_a_redirect_is_not_followed(target: Any, event: Event[Any]) -> None:
    target.status, target.headers = 307, {"location": target.url + "/elsewhere"}
    async with sink(target) as http:
        with pytest.raises(Reject, match="redirects are not followed"):
            await http.on_event(event)
    assert len(target.requests) == 1


async def test_a_slow_target_is_tried_again(target: Any, event: Event[Any]) -> None:
    target.pause = 3.0
    async with sink(target, timeout=1) as http:
        with pytest.raises(Retry, match=r"no answer within 1 s"):
            await http.on_event(event)


async def test_a_2xx_counts_even_when_its_body_does_not_come(
    target: Any, event: Event[Any]
) -> None:
    target.stall, target.answer = 1.3, b"never read to its end"
    async with sink(target) as http:
        await http.on_event(event)
    assert len(target.requests) == 1


async def test_a_target_that_is_not_there_is_tried_again(target: Any, event: Event[Any]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/x"
        async with sink(target, url=address) as http:
            with pytest.raises(Retry, match="no answer: ConnectError"):
                await http.on_event(event)


async def test_a_private_address_is_refused_unless_it_is_allowed(
    target: Any, event: Event[Any]
) -> None:
    async with sink(target, allow_private=False) as http:
        with pytest.raises(Retry, match="allow_private"):
            await http.on_event(event)
    assert target.requests == []


async def test_one_connection_serves_many_events(target: Any, event: Event[Any]) -> None:
    target.answer = b"ok"
    async with sink(target) as http:
        for _ in range(3):
            await http.on_event(event)
    assert len({request.port for request in target.requests}) == 1


async def test_neither_secrets_nor_payloads_are_logged(
    target: Any, event: Event[Any], caplog: pytest.LogCaptureFixture
) -> None:
    target.status = 500
    with caplog.at_level(logging.INFO):
        async with sink(target, secret=SECRET, headers={"Authorization": TOKEN}) as http:
            with pytest.raises(Retry):
                await http.on_event(event)
    for kept in (TOKEN, SECRET, "s3cr3t-path", "temperature"):
        assert kept not in caplog.text
    assert TOKEN not in repr(http.settings)
