"""What is sent of an event: the CloudEvent, the platform's own bytes, or a rendered template.

Must not know: where it is sent, how it is signed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from receiver import Event, Reject

Render = Callable[[Event[Any]], bytes]


@dataclass(frozen=True, slots=True)
class Body:
    """One way to write an event as the body of a request."""

    content_type: str
    render: Render
    """Raises Reject when this event can never be written this way."""


def cloudevent(event: Event[Any]) -> bytes:
    """The event as CloudEvents 1.0 JSON (structured content mode)."""
    text = json.dumps(event.cloudevent(), ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def raw(event: Event[Any]) -> bytes:
    """The platform's own JSON, byte for byte."""
    return event.raw


FIXED: Mapping[str, Body] = MappingProxyType(
    {
        "cloudevent": Body("application/cloudevents+json", cloudevent),
        "raw": Body("application/json", raw),
    }
)
"""The forms that need nothing but a name."""


def templated(source: str) -> Body:
    """A sandboxed Jinja2 template over `event` and `data` (the payload, by the sender's own names).

    Raises ValueError when the template cannot be compiled.
    """
    # A JSON body is the common case, so nothing is escaped for HTML; `tojson` quotes a value.
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    try:
        template = environment.from_string(source)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        where = f" (line {line})" if line else ""
        raise ValueError(f"the template cannot be compiled: {error}{where}") from None
    return Body("application/json", lambda event: _rendered(template, event))


def _rendered(template: Template, event: Event[Any]) -> bytes:
    """One event through the template.

    A template is a pure function of the event, so what fails once fails always: Reject. The dead
    letter can be retried when the template has been put right.
    """
    data = event.json()
    try:
        return template.render(event=event, data=data).encode()
    except TemplateError as error:
        raise Reject(f"the template fails on this event: {error}") from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # Such messages may quote the payload, which does not belong in a log.
        raise Reject(f"the template fails on this event: {type(error).__name__}") from error
