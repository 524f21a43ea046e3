"""The trace that an event came with goes on through its sink, and out of it."""

from __future__ import annotations

import asyncio
import hmac
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from receiver import Reject, Sink, hookimpl, traceparent, tracing
from receiver.inbox import Entry
from receiver.testing import RunningReceiver

pytest.importorskip("opentelemetry.sdk.trace", reason="the extra `otel` is not installed")

from opentelemetry import trace as api
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CAME = f"00-{TRACE}-{PARENT}-01"
OTHER = "00-11111111111111111111111111111111-2222222222222222-01"


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    """What is exported; there is one provider in a process."""
    found = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(found))
    api.set_tracer_provider(provider)
    return found


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Callable[[], list[Any]]:
    exporter.clear()
    return lambda: list(exporter.get_finished_spans())


@pytest.fixture
def web() -> Iterator[tuple[str, list[tuple[str, dict[str, str], bytes]]]]:
    """A web server, and what was posted to it: path, headers, body."""
    posted: list[tuple[str, dict[str, str], bytes]] = []

    class Taking(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            fields = {name.lower(): value for name, value in self.headers.items()}
            posted.append((self.path, fields, body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing is said."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", posted
    server.shutdown()
    server.server_close()


async def play(stage: Any, eventually: Any, sink: Any, traces: list[str | None], **options: Any):
    """Deliver an event for each trace."""
    appended: list[Entry] = []
    append = stage.inbox.append

    async def take(batch: list[Entry]) -> None:
        appended.extend(batch)

    stage.inbox.append = take
    await stage.append(len(traces), lambda n: f"n{n}")
    stage.inbox.append = append
    await append([replace(entry, trace=came) for entry, came in zip(appended, traces, strict=True)])
    async with stage.playing(stage.route("r", sink, **options)):
        await eventually(lambda: stage.passed("r"))


async def test_a_sinks_call_is_a_span_of_its_senders_trace(stage, eventually, spans):
    seen: list[Any] = []

    class Notes(Sink):
        """Writes down which span it is called in."""

        @hookimpl
        async def on_event(self, event):
            seen.append((event.trace, api.get_current_span().get_span_context().trace_id))

    await play(stage, eventually, Notes, [CAME])

    [span] = spans()
    assert seen == [(CAME, int(TRACE, 16))]
    assert span.name == "deliver r"
    assert span.parent.span_id == int(PARENT, 16)
    assert span.attributes["receiver.event.type"] == "thing/on"
    assert span.attributes["receiver.attempt"] == 1
    assert span.status.is_ok


async def test_a_plain_hook_is_called_in_a_span_too_in_its_thread(stage, eventually, spans):
    seen: list[int] = []

    class Notes(Sink):
        """Writes down which trace it is called in."""

        @hookimpl
        def on_event(self, event):
            seen.append(api.get_current_span().get_span_context().trace_id)

    await play(stage, eventually, Notes, [CAME, OTHER])

    assert {f"{found:032x}" for found in seen} == {TRACE, OTHER[3:35]}
    assert len(spans()) == 2


async def test_without_a_traceparent_there_is_no_span_and_no_other_hook(stage, eventually, spans):
    class Plain(Sink):
        """Does nothing."""

        @hookimpl
        async def on_event(self, event):
            assert event.trace is None
            assert not api.get_current_span().get_span_context().is_valid

    await play(stage, eventually, Plain, [None, None])

    assert spans() == []


async def test_a_failure_is_told_by_its_type_and_never_in_its_words(stage, eventually, spans):
    class Failing(Sink):
        """Says a secret."""

        @hookimpl
        async def on_event(self, event):
            raise Reject("token=hunter2")

    await play(stage, eventually, Failing, [CAME])
    [span] = spans()

    assert not span.status.is_ok
    assert span.attributes["error.type"] == "Reject"
    assert "hunter2" not in span.to_json()


async def test_a_batch_is_a_span_with_a_link_to_each_of_its_events(stage, eventually, spans):
    class Batches(Sink):
        """Takes many at once."""

        @hookimpl
        async def on_batch(self, events): ...

    await play(stage, eventually, Batches, [CAME, None, OTHER])

    [span] = spans()
    assert span.parent is None
    assert {f"{link.context.trace_id:032x}" for link in span.links} == {TRACE, OTHER[3:35]}


async def test_what_a_sink_asks_for_carries_the_trace_on(stage, eventually, spans, web):
    url, posted = web

    class Posts(Sink):
        """Posts to a web server."""

        class Settings(Sink.Settings):
            allow_private: bool = True

        @hookimpl
        async def on_event(self, event):
            await self.http.post(f"{url}/one", content=b"")
            await self.http.post(f"{url}/two", content=b"", headers={"traceparent": "mine"})

    await play(stage, eventually, Posts, [CAME])

    [span] = spans()
    own = f"00-{TRACE}-{span.context.span_id:016x}-01"
    assert [(path, headers["traceparent"]) for path, headers, _ in posted] == [
        ("/one", own),
        ("/two", "mine"),
    ]


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [(b"traceparent", b"nonsense")],
        [(b"traceparent", CAME.encode()), (b"traceparent", CAME.encode())],
        [(b"traceparent", b"ff" + CAME[2:].encode())],
        [(b"traceparent", f"00-{'0' * 32}-{PARENT}-01".encode())],
        [(b"traceparent", CAME.upper().encode())],
        [(b"traceparent", b"\xff" * 55)],
    ],
)
def test_what_is_no_traceparent_is_not_kept(fields: list[tuple[bytes, bytes]]) -> None:
    assert traceparent.of(fields) is None


def test_a_traceparent_of_a_later_version_is_kept_without_what_it_adds() -> None:
    later = f"01-{TRACE}-{PARENT}-01"

    assert traceparent.of([(b"traceparent", f"{later}-more".encode())]) == later
    assert traceparent.of([(b"a", b"b"), (b"traceparent", CAME.encode())]) == CAME


def test_who_does_not_ask_for_it_exports_nothing() -> None:
    assert tracing.configure({}) is False


PLUGIN = """
from receiver import Sink, hookimpl

class Onward(Sink):
    \"\"\"Posts each event on.\"\"\"

    class Settings(Sink.Settings):
        url: str
        allow_private: bool = True

    @hookimpl
    async def on_event(self, event):
        await self.http.post(self.settings.url, content=event.raw)
"""
CONFIG = """
[sources.gridx]
secrets = [{{ name = "main", value = "what-only-the-two-of-us-know" }}]
[routes.here]
sink = "onward"
settings = {{ url = "{url}/here" }}
[routes.apart]
sink = "onward"
isolation = "process"
settings = {{ url = "{url}/apart" }}
"""
BODY = {
    "id": "1", "source": "/systems/1", "specVersion": "1.0", "time": "2026-01-01T00:00:00.000Z",
    "dataContentType": "application/json", "type": "appliance/online",
    "data": {"applianceID": "a", "gatewayID": "g", "gatewayType": "GRIDBOX", "systemID": "s"},
}  # fmt: skip


async def test_a_real_request_is_traced_from_its_sender_to_the_sinks_target(web, eventually):
    url, posted = web
    body = json.dumps(BODY).encode()
    proof = hmac.digest(b"what-only-the-two-of-us-know", body, "sha512").hex()
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_SERVICE_NAME": "of-the-test"}
    config = CONFIG.format(url=url)
    with RunningReceiver(
        config=config, plugins={"onward.py": PLUGIN}, environ=environ, arguments=["--port", "0"]
    ) as receiver:
        answer = await asyncio.to_thread(
            httpx.post,
            f"{receiver.url}/gridx/events/appliance/online",
            content=body,
            headers={"X-Signature": f"sha512={proof}", "traceparent": CAME},
        )
        assert answer.json()["status"] == "accepted"
        onward = {"/here", "/apart"}
        await eventually(lambda: onward <= {path for path, _, _ in posted}, 20.0)

    sent = {path: fields.get("traceparent", "") for path, fields, _ in posted if path in onward}
    exported = [
        span
        for path, _, content in posted
        if path == "/v1/traces"
        for resource in ExportTraceServiceRequest.FromString(content).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert all(value.startswith(f"00-{TRACE}-") for value in sent.values()), sent
    assert {span.name for span in exported} == {"deliver here", "deliver apart"}
    assert {span.parent_span_id.hex() for span in exported} == {PARENT}
    assert {value.split("-")[2] for value in sent.values()} == {
        span.span_id.hex() for span in exported
    }
