"""Spans around the calls of sinks, where OpenTelemetry is installed (`receiver-framework[otel]`).

An event that came with a `traceparent` is delivered in that trace: the sink's call is a span of it,
what the sink asks of its own HTTP client carries it on. Without the extra, or without the header,
nothing here costs anything. Must not know: routes' settings, the inbox, HTTP servers.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from receiver.event import Event

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Link, Span

NAME = "receiver"
FLUSH_SECONDS = 2.0
_EXPORTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of what the module stands in
        return False


ACTIVE = _installed("opentelemetry.trace")
"""Whether OpenTelemetry is installed."""

_provider: list[TracerProvider] = []
"""What this process has set up."""


def configure(environ: Mapping[str, str] = os.environ) -> bool:
    """Export spans from this process, if OpenTelemetry's own variables say where to.

    `OTEL_EXPORTER_OTLP_ENDPOINT` (or `…_TRACES_ENDPOINT`), and all others that its SDK reads. A
    provider that somebody has set up already (opentelemetry-instrument) stays. Returns whether
    this process exports.
    """
    wanted = any(environ.get(name) for name in _EXPORTS) and not _provider
    if not wanted or not ACTIVE or not _installed("opentelemetry.exporter.otlp.proto.http"):
        return bool(_provider)
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return False
    name = environ.get("OTEL_SERVICE_NAME") or NAME
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    _provider.append(provider)
    return True


def stop() -> None:
    """Export what has ended, for FLUSH_SECONDS, and end what exports; may block for longer."""
    while _provider:
        provider = _provider.pop()
        provider.force_flush(round(FLUSH_SECONDS * 1000))
        provider.shutdown()


async def leave() -> None:
    """As `stop`, but not for longer: before a process ends hard."""
    if _provider:
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                await asyncio.to_thread(stop)


def around(
    call: Callable[[Any], Any], route: str, events: Sequence[Event[Any]], *, asynchronous: bool
) -> Callable[[Any], Any]:
    """`call` in a span of the trace that its events came with; as it is where none came with one.

    One event: a child of its sender's span. Several: a span of its own, linked to each of them.
    """
    if not ACTIVE or not any(event.trace for event in events):
        return call
    return _awaited(call, route, events) if asynchronous else _called(call, route, events)


def inject(headers: Any) -> None:
    """Write the current trace into headers that are to be sent and have none."""
    if not ACTIVE or "traceparent" in headers:
        return
    from opentelemetry.propagate import inject

    inject(headers)


def _called(
    call: Callable[[Any], Any], route: str, events: Sequence[Event[Any]]
) -> Callable[[Any], Any]:
    def traced(argument: Any) -> Any:
        with _span(route, events) as span:
            try:
                return _looked_at(span, call(argument))
            except BaseException as error:
                _failed(span, type(error).__name__)
                raise

    return traced


def _awaited(
    call: Callable[[Any], Awaitable[Any]], route: str, events: Sequence[Event[Any]]
) -> Callable[[Any], Any]:
    async def traced(argument: Any) -> Any:
        with _span(route, events) as span:
            try:
                return _looked_at(span, await call(argument))
            except BaseException as error:
                _failed(span, type(error).__name__)
                raise

    return traced


def _span(route: str, events: Sequence[Event[Any]]) -> AbstractContextManager[Span]:
    from opentelemetry.trace import SpanKind, get_tracer

    first = events[0]
    alone = len(events) == 1
    attributes: dict[str, Any] = {"receiver.route": route, "receiver.events": len(events)}
    if alone:
        attributes |= {
            "receiver.source": first.source,
            "receiver.event.type": first.type,
            "receiver.event.id": first.id,
            "receiver.attempt": first.attempt,
        }
    return get_tracer(NAME).start_as_current_span(
        f"deliver {route}",
        context=_context(first) if alone else None,
        kind=SpanKind.CONSUMER,
        attributes=attributes,
        links=() if alone else [link for event in events for link in _links(event)],
        # An exception's words may hold a secret: only its type is told.
        record_exception=False,
        set_status_on_exception=False,
    )


def _context(event: Event[Any]) -> Context:
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier = {"traceparent": event.trace or ""}
    return TraceContextTextMapPropagator().extract(carrier, context=Context())


def _links(event: Event[Any]) -> list[Link]:
    from opentelemetry.trace import Link, get_current_span

    found = get_current_span(_context(event)).get_span_context()
    return [Link(found)] if found.is_valid else []


def _looked_at(span: Span, result: Any) -> Any:
    if result is False:
        _failed(span, "returned False")
    return result


def _failed(span: Span, why: str) -> None:
    from opentelemetry.trace import Status, StatusCode

    span.set_status(Status(StatusCode.ERROR, why))
    span.set_attribute("error.type", why)
