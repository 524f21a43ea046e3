"""Schemas of an OpenAPI 3.0 document as JSON Schema (draft 2020-12), and its open enumerations.

OpenAPI 3.0 (Schema Object) differs from JSON Schema in `nullable`, in boolean `exclusiveMinimum`
and `exclusiveMaximum`, and in that whatever stands beside `$ref` is ignored. `format` is not
asserted: a time written in a platform's own way is no reason to hold its event back. Pure. Must not
know: which validator reads the result, what an event type is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from receiver.contract import Document
from receiver.excerpt import Report, ref_parts, resolve

ALIASES = "x-receiver-aliases"
"""Other spellings of a property, each accepted in its place."""
OPEN_ENUM = "x-extensible-enum"
"""The values known today; any other is taken and reported."""
JSON_TEXT = "x-receiver-json"
"""A string that holds JSON."""

_KEPT = (
    *("enum", "pattern", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems"),
    *("minProperties", "maxProperties", "multipleOf", "minimum", "maximum"),
)
_MAX_DEPTH = 32
"""How far down a schema that contains itself is searched for open enumerations."""

Place = tuple[str | None, ...]
"""Keys down to a value of a payload; None stands for each element of an array or a map."""


def json_schema(document: Document, name: str) -> dict[str, Any]:
    """The JSON Schema of the component schema `name`; what it refers to stands under `$defs`."""
    conversion = _Conversion(document)
    schema = conversion.reference(("components", "schemas", name))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "$defs": conversion.definitions,
    }


def component(document: Document, schema: Any) -> Any:
    """What a schema's local references lead to; an empty schema where they lead nowhere."""
    report, seen = Report(document), set[str]()
    while isinstance(schema, Mapping) and isinstance(schema.get("$ref"), str):
        parts = ref_parts(schema["$ref"])
        found = resolve(report, parts) if parts and schema["$ref"] not in seen else None
        if found is None:
            return {}
        seen.add(schema["$ref"])
        schema = found.value
    return schema


def aliases(schema: Any) -> tuple[str, ...]:
    """The other spellings that a property's schema declares."""
    declared = schema.get(ALIASES, ()) if isinstance(schema, Mapping) else ()
    if isinstance(declared, str):
        return (declared,)
    return _texts(declared)


def _list(value: Any) -> list[Any]:
    """A list as it is; nothing for what is no list."""
    return value if isinstance(value, list) else []


def _texts(value: Any) -> tuple[str, ...]:
    """The texts of a list."""
    return tuple(item for item in _list(value) if isinstance(item, str))


class _Conversion:
    """One document's schemas, converted as references to them are met."""

    def __init__(self, document: Document) -> None:
        self.report = Report(document)
        self.names: dict[tuple[str, ...], str] = {}
        self.definitions: dict[str, Any] = {}

    def reference(self, parts: tuple[str, ...]) -> dict[str, Any]:
        if parts not in self.names:
            self.names[parts] = name = f"s{len(self.names)}"
            found = resolve(self.report, parts)
            # The name is taken before the schema is converted, so that a circle ends.
            self.definitions[name] = self.schema(found.value if found else {})
        return {"$ref": f"#/$defs/{self.names[parts]}"}

    def schema(self, schema: Any) -> Any:
        if not isinstance(schema, Mapping):
            return schema if isinstance(schema, bool) else {}
        if "$ref" in schema:
            parts = ref_parts(schema["$ref"])
            return self.reference(parts) if parts else {}
        result = {key: schema[key] for key in _KEPT if key in schema}
        if isinstance(schema.get("type"), str):
            result["type"] = schema["type"]
        for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if schema.get(exclusive) is True and bound in result:
                result[exclusive] = result.pop(bound)
        for key in ("allOf", "anyOf", "oneOf"):
            if _list(schema.get(key)):
                result[key] = [self.schema(part) for part in schema[key]]
        for key in ("not", "items", "additionalProperties"):
            if key in schema:
                result[key] = self.schema(schema[key])
        self._properties(schema, result)
        return _nullable(result) if schema.get("nullable") is True else result

    def _properties(self, schema: Mapping[str, Any], result: dict[str, Any]) -> None:
        """The properties under all their spellings; a required one may be there under any."""
        declared = schema.get("properties")
        properties = declared if isinstance(declared, Mapping) else {}
        spelled = {name: aliases(part) for name, part in properties.items()}
        converted = {name: self.schema(part) for name, part in properties.items()}
        for name, others in spelled.items():
            for other in others:
                converted.setdefault(other, converted[name])
        if converted:
            result["properties"] = converted
        names = _texts(schema.get("required"))
        plain = [name for name in names if not spelled.get(name)]
        if plain:
            result["required"] = plain
        either = [
            {"anyOf": [{"required": [spelling]} for spelling in (name, *spelled[name])]}
            for name in names
            if spelled.get(name)
        ]
        if either:
            result["allOf"] = [*result.get("allOf", ()), *either]


def _nullable(result: dict[str, Any]) -> dict[str, Any]:
    """A converted schema that null satisfies too."""
    if set(result) & {"allOf", "anyOf", "oneOf", "not"} or "type" not in result:
        return {"anyOf": [result, {"type": "null"}]} if result else result
    result["type"] = [result["type"], "null"]
    if "enum" in result and None not in result["enum"]:
        result["enum"] = [*result["enum"], None]
    return result


def open_enums(document: Document, name: str) -> tuple[tuple[Place, frozenset[Any]], ...]:
    """Where a payload of the component schema `name` has values of an open enum, and which."""
    root = {"$ref": f"#/components/schemas/{name.replace('~', '~0').replace('/', '~1')}"}
    return tuple(dict(_open_enums(document, root, ())).items())


def _open_enums(
    document: Document, schema: Any, place: Place
) -> Iterator[tuple[Place, frozenset[Any]]]:
    if len(place) > _MAX_DEPTH:
        return
    schema = component(document, schema)
    if not isinstance(schema, Mapping):
        return
    values = schema.get(OPEN_ENUM)
    if isinstance(values, list):
        yield place, frozenset(value for value in values if not isinstance(value, list | dict))
    for key in ("allOf", "anyOf", "oneOf"):
        for part in _list(schema.get(key)):
            yield from _open_enums(document, part, place)
    properties = schema.get("properties")
    for name, part in properties.items() if isinstance(properties, Mapping) else ():
        for spelling in (name, *aliases(part)):
            yield from _open_enums(document, part, (*place, spelling))
    for key in ("items", "additionalProperties"):
        yield from _open_enums(document, schema.get(key), (*place, None))
