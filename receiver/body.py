"""What a sink sends of an event: the CloudEvent, the platform's own bytes, or a rendered template.

Must not know: where it is sent. Importing it loads no template engine.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from receiver.errors import Reject
from receiver.event import Event
from receiver.sink import SinkSettings

if TYPE_CHECKING:
    from jinja2 import Template

Render = Callable[[Event[Any]], bytes]


@dataclass(frozen=True, slots=True)
class Body:
    """One way to write an event."""

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


class BodySettings(SinkSettings):
    """The settings of a sink that forwards events; subclass it as `Settings`."""

    body: Literal["cloudevent", "raw", "template"] = Field(
        default="cloudevent",
        description="What is sent: the event as CloudEvents 1.0 JSON, the platform's own bytes, or"
        " a template.",
    )
    template: str | None = Field(
        default=None,
        description='The Jinja2 template of `body = "template"`, over `event` and `data`.',
    )
    template_file: Path | None = Field(
        default=None, description="A file that holds the template, instead of `template`."
    )

    @model_validator(mode="after")
    def _has_its_template(self) -> Self:
        given = [name for name in ("template", "template_file") if getattr(self, name) is not None]
        if self.body == "template" and len(given) != 1:
            raise ValueError('body = "template" needs either `template` or `template_file`')
        if self.body != "template" and given:
            raise ValueError(f'`{given[0]}` is only used with body = "template"')
        if self.template is not None:
            templated(self.template)
        return self

    def shape(self) -> Body:
        """How an event is written.

        Raises OSError or ValueError when the template's file cannot be read or compiled.
        """
        if self.body != "template":
            return FIXED[self.body]
        if self.template_file is not None:
            return templated(self.template_file.read_text(encoding="utf-8"))
        return templated(self.template or "")


def templated(source: str) -> Body:
    """A sandboxed Jinja2 template over `event` and `data` (the payload, by the sender's own names).

    Raises ValueError when the template cannot be compiled.
    """
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

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
    from jinja2 import TemplateError

    data = event.json()
    try:
        return template.render(event=event, data=data).encode()
    except TemplateError as error:
        raise Reject(f"the template fails on this event: {error}") from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # Such messages may quote the payload, which does not belong in a log.
        raise Reject(f"the template fails on this event: {type(error).__name__}") from error
