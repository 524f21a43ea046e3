"""What values a schema describes, with `allOf` joined and alternatives laid over one another.

Must not know: how a model is written down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from receiver.excerpt import MAX_DEPTH, Excerpt
from receiver.schema import OPEN_ENUM

JSON_TYPES = ("object", "array", "string", "integer", "number", "boolean")
_SAYS = frozenset({"type", "properties", "items", "allOf", "oneOf", "anyOf", "required", "enum"})


@dataclass
class Shape:
    """The values that one or several schemas describe together."""

    kinds: set[str] = field(default_factory=set)
    """JSON types; none means any value."""
    nullable: bool = False
    anything: bool = False
    """Whether one of several alternatives is any value at all."""
    properties: dict[str, list[Excerpt]] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    items: list[Excerpt] = field(default_factory=list)
    additional: list[Excerpt] = field(default_factory=list)
    """Schemas of the values of a free map."""
    known: dict[str, None] = field(default_factory=dict)
    """Values of open and closed enumerations, as texts."""


def shape_of(schemas: Iterable[Excerpt]) -> Shape:
    """One shape for all of `schemas`; with several, no property of theirs is required."""
    several = list(schemas)
    shape = Shape()
    for schema in several:
        _collect(schema, shape, optional=len(several) > 1, seen=set())
    return shape


def _collect(schema: Excerpt, shape: Shape, *, optional: bool, seen: set[tuple[str, ...]]) -> None:
    target = schema.target()
    value = target.value
    if not isinstance(value, Mapping) or target.parts in seen:
        shape.anything |= value is True
        return
    seen = seen | {target.parts}
    kind = target.at("type").value
    if isinstance(kind, str) and kind not in JSON_TYPES:
        target.at("type").fail(f"must be one of {', '.join(JSON_TYPES)}")
    elif isinstance(kind, str):
        shape.kinds.add(kind)
    elif "properties" in value:
        shape.kinds.add("object")
    elif "items" in value:
        shape.kinds.add("array")
    elif optional and not _SAYS & set(value):
        shape.anything = True
    shape.nullable |= value.get("nullable") is True
    for name, part in target.at("properties").fields().items():
        shape.properties.setdefault(name, []).append(part)
    if not optional:
        shape.required |= {item.text("?") for item in target.at("required").items()}
    if "items" in value:
        shape.items.append(target.at("items"))
    if isinstance(value.get("additionalProperties"), Mapping):
        shape.additional.append(target.at("additionalProperties"))
    for key in (OPEN_ENUM, "enum"):
        for item in target.at(key).items():
            if item.value is not None:
                shape.known[str(item.value)] = None
    for part in target.at("allOf").items():
        _collect(part, shape, optional=optional, seen=seen)
    for key in ("oneOf", "anyOf"):
        alternatives = target.at(key).items()
        for part in alternatives:
            _collect(part, shape, optional=optional or len(alternatives) > 1, seen=seen)


def component_of(schemas: list[Excerpt]) -> str | None:
    """The component that all of `schemas` are, by `$ref` or by an `allOf` of nothing else."""
    names = {_component(schema) for schema in schemas}
    return names.pop() if len(names) == 1 else None


def _component(schema: Excerpt) -> str | None:
    for _ in range(MAX_DEPTH):
        schema = schema.target()
        if len(schema.parts) == 3 and schema.parts[:2] == ("components", "schemas"):
            return schema.parts[2]
        parts = schema.at("allOf").items()
        if len(parts) != 1 or schema.at("properties").present:
            return None
        schema = parts[0]
    return None
