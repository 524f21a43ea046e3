"""Templates, and text made with them.

The templates lie in `receiver.templates`, under `contract/`; a folder of one's own may replace
single ones. Templates decide how a thing is written, never what it is. Must not know: the file
system that the result is for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2

from receiver.codegen import text
from receiver.codegen.models import Field, Models
from receiver.contract import Contract, EventType, Operation
from receiver.errors import ConfigError

FILES = ("__init__.py", "models.py", "hookspecs.py", "operations.py", "EVENTS.md")
"""The generated files that have a template, `<file>.jinja`."""


def templates(overlay: Path | None = None) -> dict[str, str]:
    """The templates of a contract's package by name, those of `overlay` in place of ours."""
    return read("contract", overlay)


def read(room: str, overlay: Path | None = None) -> dict[str, str]:
    """The templates of a room by name, those of the folder `overlay` in place of ours.

    A file of `overlay` that begins with `_` is a part for others to include. Raises ConfigError for
    one that would replace nothing, and for a folder that is not there.
    """
    folder = resources.files("receiver.templates").joinpath(room)
    found = {
        entry.name: entry.read_text(encoding="utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".jinja")
    }
    if overlay is None:
        return found
    if not overlay.is_dir():
        raise ConfigError(f"--templates {overlay}: there is no such folder")
    for path in sorted(overlay.glob("*.jinja")):
        if path.name not in found and not path.name.startswith("_"):
            raise ConfigError(f"{path} replaces no template; there are {', '.join(found)}")
        try:
            found[path.name] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: {error}") from error
    return found


def file(name: str, sources: Mapping[str, str], words: Mapping[str, Any]) -> str:
    """One file of a template. Raises ConfigError, with file and line, for a broken one."""
    return _rendered(environment(sources), name, words)


def environment(sources: Mapping[str, str]) -> jinja2.Environment:
    """Templates that may include each other and know how Python is written."""
    made = jinja2.Environment(  # noqa: S701  (Python and Markdown, no HTML)
        loader=jinja2.DictLoader(dict(sources)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    made.globals.update(
        fits=lambda line: len(line) <= text.LINE,
        docstring=text.docstring,
        string=text.string,
        pretty=text.pretty,
        cell=text.cell,
    )
    return made


def render(
    contract: Contract, models: Models, spec: str, sources: Mapping[str, str]
) -> dict[str, str]:
    """Each file that has a template. Raises ConfigError, with file and line, for a broken one."""
    made, words = environment(sources), _words(contract, models, spec)
    return {name: _rendered(made, f"{name}.jinja", words) for name in FILES}


def _rendered(made: jinja2.Environment, name: str, words: Mapping[str, Any]) -> str:
    try:
        return made.get_template(name).render(words)
    except jinja2.TemplateSyntaxError as error:
        raise ConfigError(f"{error.name}: line {error.lineno}: {error.message}") from error
    except (jinja2.TemplateError, TypeError, ValueError) as error:
        raise ConfigError(f"{name}: {error}") from error


def _words(contract: Contract, models: Models, spec: str) -> dict[str, Any]:
    """What a template may use."""
    all_models = list(models.models.values())
    return {
        "spec": spec,
        "title": contract.title,
        "models": all_models,
        "uses_any": any("Any" in field.type for model in all_models for field in model.fields),
        "events": contract.events,
        "operations": contract.operations,
        "sources": list(contract.sources.values()),
        "by_source": {
            name: [event for event in contract.events if event.source == name]
            for name in contract.sources
        },
        "model_of": lambda event: models.events[event.schema],
        "rows": lambda event: models.rows(event.schema),
        "operations_of": lambda event: operations_of(contract, event),
        "event_doc": event_doc,
        "field_doc": field_doc,
    }


def operations_of(contract: Contract, event: EventType) -> list[Operation]:
    """The operations whose body declares an event type."""
    return [
        operation
        for operation in contract.operations
        if operation.source == event.source and event.name in operation.events
    ]


def event_doc(event: EventType) -> str:
    """What an author of plugins wants to know of an event type."""
    parts = [event.summary, event.description, f"`event.type` is `{event.name}`."]
    if event.trigger:
        parts.append(f"To provoke it: {event.trigger}")
    parts.append(f"A sample is in samples/{event.hook}.json.")
    return "\n\n".join(part.strip() for part in parts if part.strip())


def field_doc(field: Field) -> str:
    """A field's description, and what its annotation does not show."""
    parts = [field.doc.strip() or f"`{field.sent_as[0]}`; the spec does not describe it."]
    if parts[0][-1] not in ".:;!?)":
        parts[0] += "."
    if field.known:
        parts.append(f"Known values: {', '.join(f'`{value}`' for value in field.known)}.")
    if field.json_text:
        parts.append("Decoded; a string that holds no JSON stays one.")
    if field.sent_as != (field.name,):
        parts.append(f"Sent as {', '.join(f'`{name}`' for name in field.sent_as)}.")
    return " ".join(parts)
