"""Which JSON pointers of a contract's locators point to something that its schemas declare.

Must not know: how findings are worded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from receiver.contract import Contract, Document
from receiver.excerpt import pointer
from receiver.locator import Except, FirstOf, Joined, Locator, Moment, Pointer
from receiver.schema import aliases, component


def undeclared(contract: Contract) -> Iterator[tuple[str, str]]:
    """(source, pointer) of each locator that points to nothing in any event of its source."""
    for name, source in contract.sources.items():
        found: dict[tuple[str, ...], None] = {}
        for operation in contract.operations:
            if operation.source == name:
                places = (operation.type, operation.key, operation.time, operation.node)
                for place in (*places, operation.user):
                    found |= dict.fromkeys(pointers(place))
        for rule in source.dedup:
            for part in rule.parts:
                found |= dict.fromkeys(pointers(part))
        schemas = [
            {"$ref": f"#{pointer(('components', 'schemas', event.schema))}"}
            for event in contract.events
            if event.source == name
        ]
        for parts in found:
            if not any(_declares(contract.document, schema, parts) for schema in schemas):
                yield name, pointer(parts)


def pointers(locator: Locator | Moment | None) -> Iterator[tuple[str, ...]]:
    """The JSON pointers that a locator reads."""
    match locator:
        case Pointer(parts):
            yield parts
        case FirstOf(several) | Joined(several, _):
            for one in several:
                yield from pointers(one)
        case Except(inner, _) | Moment(inner, _):
            yield from pointers(inner)


def _declares(document: Document, schema: Any, parts: tuple[str, ...], depth: int = 0) -> bool:
    """Whether a schema has something at some parts; a schema that says nothing has anything."""
    schema = component(document, schema)
    if not isinstance(schema, Mapping) or depth > 32:
        return False
    if not parts:
        return True
    step, rest = parts[0], parts[1:]
    properties = schema.get("properties")
    for name, part in properties.items() if isinstance(properties, Mapping) else ():
        if step in (name, *aliases(part)) and _declares(document, part, rest, depth + 1):
            return True
    below = [schema["items"]] if step.isdecimal() and "items" in schema else []
    if isinstance(schema.get("additionalProperties"), Mapping):
        below.append(schema["additionalProperties"])
    if any(_declares(document, part, rest, depth + 1) for part in below):
        return True
    return any(
        _declares(document, part, parts, depth + 1)
        for key in ("allOf", "anyOf", "oneOf")
        for part in (schema[key] if isinstance(schema.get(key), list) else ())
    )
