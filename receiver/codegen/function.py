"""A project for AWS Lambda as files: `project(...) -> {path: text}`.

Must not know: where the files go, how a function delivers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from receiver import samples
from receiver.codegen import rendering
from receiver.contract import Contract, EventType, Operation, Scheme
from receiver.errors import ConfigError
from receiver.locator import Except, FirstOf, Locator, Pointer
from receiver.patterns import Patterns

ROOM = "lambda"
"""Where the templates lie, in receiver.templates."""
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
ACCOUNT = "111122223333"


@dataclass(frozen=True, slots=True)
class Project:
    """What a new function is to be."""

    name: str
    contract: Contract = field(repr=False)
    source: str
    events: tuple[str, ...] = ()
    """Patterns over event types."""
    extra: bool = False
    """Whether topics whose event types are not known are among them."""
    forward: str | None = None
    """The URL of the receiver that it forwards to; None: it delivers itself."""
    requirement: str = ""
    """Where it gets Receiver from, when it delivers itself."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One subscription in the SAM template."""

    id: str
    export: str


def check(project: Project) -> None:
    """Raise ConfigError for a name or a source that no function can be made of."""
    if not _NAME.fullmatch(project.name):
        raise ConfigError(
            f"{project.name!r} cannot be the name of a function: small letters, digits and hyphens,"
            " beginning with a letter, at most 40 of them"
        )
    if project.source not in project.contract.sources:
        known = ", ".join(sorted(project.contract.sources))
        raise ConfigError(f"the contract has no source {project.source!r}; sources: {known}")
    if not _chosen(project):
        raise ConfigError(f"no event type of {project.source} is among those that were asked for")
    if project.forward is not None:
        if not re.fullmatch(r"https?://[^\s/]+\S*", project.forward):
            raise ConfigError(f"--forward {project.forward}: write it with https:// or http://")
        _signed(project)


def sources(contract: Contract) -> list[str]:
    """The sources that tell by which exports their topics are found."""
    return sorted({event.source for event in contract.events if event.export})


def project(wanted: Project, templates: Mapping[str, str]) -> dict[str, str]:
    """The project's files, by their path in it. Raises ConfigError as `check` does."""
    check(wanted)
    words = _words(wanted)

    def made(name: str) -> str:
        return rendering.file(f"{name}.jinja", templates, words)

    files = {
        "template.yaml": made("template.yaml"),
        "README.md": made("README.md"),
        "event.json": json.dumps(_invocation(wanted), indent=2) + "\n",
        "function/requirements.txt": made("requirements.txt"),
        "function/app.py": made("forward.py" if wanted.forward else "app.py"),
    }
    if wanted.forward is None:
        files["function/receiver.toml"] = made("receiver.toml")
    return files


def _words(wanted: Project) -> dict[str, Any]:
    title = wanted.contract.sources[wanted.source].title
    words: dict[str, Any] = {
        "name": wanted.name,
        "source": wanted.source,
        "title": title,
        "topics": list(_topics(wanted)),
        "forward": wanted.forward,
        "requirement": wanted.requirement,
        "summary": "Delivers the events of",
    }
    if wanted.forward is not None:
        scheme, operations = _signed(wanted)
        first = operations[0]
        words |= {
            "summary": "Forwards the events of",
            "header": scheme.header,
            "prefix": scheme.prefixes[0] if scheme.prefixes else "",
            "algorithm": scheme.algorithm,
            "types": [list(parts) for parts in _pointers(first.type)],
            "ids": [list(parts) for parts in _pointers(first.key)],
            "paths": [
                (event.name, samples.operation_for(wanted.contract, event).path)
                for event in wanted.contract.events
                if event.source == wanted.source
            ],
        }
    return words


def _chosen(wanted: Project) -> list[EventType]:
    patterns = Patterns(wanted.events)
    return [
        event
        for event in wanted.contract.events
        if event.source == wanted.source and patterns.match(event.name)
    ]


def _topics(wanted: Project) -> Iterator[Topic]:
    exports = [event.export for event in _chosen(wanted) if event.export]
    if wanted.extra:
        exports += wanted.contract.sources[wanted.source].exports
    for export in dict.fromkeys(exports):
        words = re.split(r"[^A-Za-z0-9]+", export)
        yield Topic("".join(word[:1].upper() + word[1:] for word in words), export)


def _signed(wanted: Project) -> tuple[Scheme, list[Operation]]:
    """How the source's HTTP paths are signed. Raises ConfigError where no function could."""
    contract = wanted.contract
    operations = [
        operation
        for operation in contract.operations
        if operation.source == wanted.source and operation.transport == "http"
    ]
    for operation in operations:
        for alternative in operation.security:
            scheme = contract.schemes[alternative[0]]
            if len(alternative) == 1 and scheme.kind == "hmac" and scheme.encodings[0] == "hex":
                return scheme, operations
    raise ConfigError(f"--forward: no path of {wanted.source} is proved by an HMAC in hex")


def _pointers(locator: Locator | None) -> Iterator[tuple[str, ...]]:
    """The JSON pointers among the places of a locator, in their order."""
    match locator:
        case Pointer(parts):
            yield parts
        case FirstOf(choices):
            for choice in choices:
                yield from _pointers(choice)
        case Except(inner, _):
            yield from _pointers(inner)


def _invocation(wanted: Project) -> dict[str, Any]:
    """What Lambda would hand to the function for one event."""
    event = _chosen(wanted)[0]
    text = json.dumps(event.sample)
    if not event.export:
        return {"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": text}]}
    message: dict[str, Any] = {
        "Type": "Notification",
        "MessageId": "0d5d9c7e-6f1b-5a0a-9f0c-1c2d3e4f5a6b",
        "TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:{event.topic}",
        "Subject": None,
        "Message": text,
        "Timestamp": "2026-01-15T08:30:00.123Z",
        "MessageAttributes": {},
    }
    return {"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": message}]}
