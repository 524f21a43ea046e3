"""What would hurt in a spec that can be read: wrong replies, unreachable events, missing words.

Must not know: how findings are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from receiver import openapi
from receiver.catalogue import schema_validator
from receiver.codegen.pointing import undeclared
from receiver.contract import Contract, Document
from receiver.eventtypes import event_schemas
from receiver.excerpt import Excerpt, Report, pointer, ref_parts, resolve, walk

_MEDIA_TYPE = re.compile(r"[^/\s]+/[^/\s]+")
_BAD_REPLIES = {
    "410": "a sender that gets 410 may delete its subscription for good",
    "3": "a sender that is redirected may lose the event",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in a spec."""

    level: Literal["error", "warning"]
    where: str
    """JSON pointer into the document."""
    reason: str


def lint(document: Document) -> list[Finding]:
    """Everything found, errors first. With an error the document is not to be generated from."""
    contract, problems = openapi.examine(document)
    found = [Finding("error", where, reason) for where, reason in problems]
    if contract is None:
        return found
    known = {where for where, _ in problems}
    root = Excerpt(document, (), Report(document))
    if openapi.is_supported(document.get("openapi")):
        found += (finding for finding in _openapi(document, known) if finding.where not in known)
    found += _operations(root)
    found += _events(root, contract, known)
    if not known:
        found += undeclared_pointers(contract)
    found += _words(root, contract)
    return sorted(dict.fromkeys(found), key=lambda finding: finding.level)


def _openapi(document: Document, known: set[str]) -> Iterator[Finding]:
    """What the OpenAPI specification itself forbids; `known` is what was found wrong before."""
    from openapi_spec_validator import OpenAPIV30SpecValidator

    validator = OpenAPIV30SpecValidator(dict(document))
    # Its further checks take for granted that a document has the structure of one, and follow
    # every reference.
    errors = list(validator.schema_validator.iter_errors(document))
    if not errors and not any(where.endswith("/$ref") for where in known):
        errors = list(validator.iter_errors())
    for error in errors:
        where = pointer(tuple(str(part) for part in error.absolute_path))
        yield Finding("error", where, f"is not OpenAPI 3.0: {_first_line(error.message)}")


def _operations(root: Excerpt) -> Iterator[Finding]:
    """Media types that are none, and declared replies that make senders lose events."""
    for path in root.at("paths").fields().values():
        post = path.target().at("post")
        for code, response in post.at("responses").fields().items():
            for start, why in _BAD_REPLIES.items():
                if code.startswith(start):
                    yield Finding("error", response.where, f"must not be declared: {why}")
        for holder in (post.at("requestBody"), *post.at("responses").fields().values()):
            for name, media in holder.target().at("content").fields().items():
                if not _MEDIA_TYPE.fullmatch(name):
                    reason = f"{name!r} is no media type; application/json is one"
                    yield Finding("error", media.where, reason)


def _events(root: Excerpt, contract: Contract, known: set[str]) -> Iterator[Finding]:
    """Events that nothing names, and examples that are missing or break their own schema."""
    reached = {event.schema for event in contract.events}
    schemas = event_schemas(root)
    for name, schema in schemas.items():
        # While an operation is unreadable, which events it takes is not known.
        if name not in reached and not any(where.startswith("/paths") for where in known):
            reason = "is an event that no operation takes: name it in a requestBody"
            yield Finding("error", schema.where, reason)
    for source in contract.sources:
        if all(operation.source != source for operation in contract.operations):
            place = pointer(("x-receiver", "sources", source))
            yield Finding("warning", place, "no operation is of this source")
    for name, schema in schemas.items():
        if name not in reached and not known:
            continue
        try:
            check = schema_validator(contract.document, name)
        except ValueError as error:
            if not known:
                yield Finding("error", schema.where, f"cannot be checked: {_first_line(error)}")
            continue
        sample = schema.at("example")
        if not sample.present or sample.value is None:
            reason = "has no example: there would be no sample of the event"
            yield Finding("error", schema.where, reason)
            continue
        for broken in check.iter_errors(sample.value):
            place = sample.at(*(str(part) for part in broken.instance_path)).where
            yield Finding("error", place, f"breaks the schema: {_first_line(broken.message)}")


def undeclared_pointers(contract: Contract) -> Iterator[Finding]:
    """Locators that point where no event of their source has anything."""
    for source, pointing in undeclared(contract):
        where = pointer(("x-receiver", "sources", source))
        yield Finding("warning", where, f"no event of {source} declares {pointing}")


def _words(root: Excerpt, contract: Contract) -> Iterator[Finding]:
    """Properties without a description, and enumerations that will close the door on new values."""
    for value, parts in _event_schemas(root, contract):
        properties = value.get("properties")
        for name, part in properties.items() if isinstance(properties, Mapping) else ():
            there = Excerpt(part, (*parts, "properties", name), root.report)
            if not (there.at("description").present or there.target().at("description").present):
                yield Finding("warning", there.where, "has no description")
        if isinstance(value.get("enum"), list) and len(value["enum"]) > 1:
            reason = "new values will be quarantined; x-extensible-enum takes and reports them"
            yield Finding("warning", pointer((*parts, "enum")), reason)


def _event_schemas(
    root: Excerpt, contract: Contract
) -> Iterator[tuple[Mapping[str, Any], tuple[str, ...]]]:
    """Every schema that payloads are checked against, once, with its place."""
    todo: list[tuple[str, ...]] = [
        ("components", "schemas", event.schema) for event in contract.events
    ]
    seen: set[tuple[str, ...]] = set()
    while todo:
        place = todo.pop(0)
        if place in seen:
            continue
        seen.add(place)
        found = resolve(root.report, place)
        for value, parts, meaning in walk(found.value if found else {}):
            if not (meaning and isinstance(value, Mapping)):
                continue
            target = ref_parts(value.get("$ref"))
            if target:
                todo.append(target)
            elif (*place, *parts) == place or (*place, *parts) not in seen:
                seen.add((*place, *parts))
                yield value, (*place, *parts)


def _first_line(message: object) -> str:
    return str(message).split("\n", 1)[0][:300]
