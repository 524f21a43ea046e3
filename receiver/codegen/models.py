"""The models of a contract as data: classes, their fields, and the sender's names for these.

Must not know: how a file is rendered, or where it is kept.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass

from receiver.codegen.shapes import Shape, component_of, shape_of
from receiver.contract import Contract
from receiver.eventtypes import is_python_name
from receiver.excerpt import MAX_DEPTH, Excerpt, Report, brief
from receiver.schema import JSON_TEXT, aliases

LINE = 100
_SCALARS = {"string": "str", "number": "float", "integer": "int", "boolean": "bool"}
_WORDS = {"string": "text", "boolean": "true or false"}
_LONGEST_NAME = 400
"""A name grows with every list or map inside another; this long, there is no end to them."""
_TAKEN = frozenset({"Any", "Payload", "annotations", "bool", "dict", "float", "int", "list", "str"})
"""Names that annotations of models use, so that no field or class may hide them."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a model."""

    name: str
    type: str
    """Its annotation."""
    required: bool
    doc: str
    words: str
    """Its type in words, for people who read no Python."""
    known: tuple[str, ...]
    """Values known today."""
    sent_as: tuple[str, ...]
    """The sender's names for it, the preferred one first."""
    json_text: bool
    model: str | None
    """The model that it holds, by itself, in a list or in a map."""

    @property
    def default(self) -> str:
        return "" if self.required else " = None"


@dataclass(frozen=True, slots=True)
class Model:
    """One class."""

    name: str
    doc: str
    fields: tuple[Field, ...]

    @property
    def spelled(self) -> list[tuple[str, str]]:
        """The sender's names, with their fields, of fields that have not just their own name."""
        return [
            (name, field.name)
            for field in self.fields
            if field.sent_as != (field.name,)
            for name in field.sent_as
        ]

    @property
    def json_texts(self) -> list[str]:
        return sorted(field.name for field in self.fields if field.json_text)


@dataclass(frozen=True, slots=True)
class Models:
    """All models of a contract, in the order of their first mention."""

    models: dict[str, Model]
    events: dict[str, str]
    """For each component schema of an event, its model."""

    def rows(self, schema: str) -> Iterator[tuple[str, Field]]:
        """The fields of an event with their paths, those of nested models below their parent."""
        yield from self._rows(self.events[schema], "", ())

    def _rows(self, name: str, start: str, around: tuple[str, ...]) -> Iterator[tuple[str, Field]]:
        for field in self.models[name].fields:
            step = "[]" if field.type.startswith("list[") else ""
            step = ".*" if field.type.startswith("dict[") else step
            yield start + field.name, field
            if field.model and field.model not in (*around, name):
                yield from self._rows(field.model, f"{start}{field.name}{step}.", (*around, name))


def models(contract: Contract, problems: list[tuple[str, str]]) -> Models:
    """The models of the events of a contract; what cannot be rendered is added to `problems`."""
    return _Modeller(contract, problems).all()


def class_name(name: str) -> str:
    """A schema's or property's name as the name of a class, or a part of one."""
    words = [word for word in re.split(r"[^0-9A-Za-z]+", name) if word]
    return "".join(word[0].upper() + word[1:] for word in words)


class _Modeller:
    def __init__(self, contract: Contract, problems: list[tuple[str, str]]) -> None:
        self.contract = contract
        self.root = Excerpt(contract.document, (), Report(contract.document, problems))
        self.made: dict[str, Model | None] = {}
        self.inline: dict[frozenset[tuple[str, ...]], str] = {}
        self.owners: dict[str, tuple[str, ...]] = {}
        # Nested schemas may become classes too, but component schemas alone have names that an
        # author chose, and these are the ones that a field is called like (`Door: Door`).
        schemas = self.root.at("components", "schemas").fields()
        self.taken = _TAKEN | {class_name(name) for name in schemas}

    def all(self) -> Models:
        events = {}
        for event in self.contract.events:
            schema = self.root.at("components", "schemas", event.schema)
            shape = shape_of([schema])
            if shape.kinds != {"object"} or shape.nullable:
                schema.fail("an event is a JSON object: `type: object`")
                continue
            events[event.schema] = self._model(class_name(event.schema), schema, [schema])
        return Models({name: model for name, model in self.made.items() if model}, events)

    def _model(self, name: str, where: Excerpt, schemas: list[Excerpt]) -> str:
        """Make the model of some schemas, unless it is there, and return its name."""
        owner = schemas[0].target().parts
        if self.owners.setdefault(name, owner) != owner:
            where.fail(f"its model would be called {name}, as that of another schema is")
        if not is_python_name(name) or name in _TAKEN:
            where.fail(f"{brief(name)} is no name for a class; give the schema another name")
        if name in self.made:
            return name
        self.made[name] = None  # entered before its fields, so that a circle ends
        shape = shape_of(schemas)
        fields: dict[str, Field] = {}
        for wire, parts in shape.properties.items():
            field = self._field(name, wire, parts, wire in shape.required)
            if field.name in fields:
                parts[0].fail(
                    f"becomes the field {field.name}, as {fields[field.name].sent_as[0]!r} does; "
                    "of two spellings of one property, one is an x-receiver-aliases of the other"
                )
            fields[field.name] = field
        described = next((text for schema in schemas if (text := _doc(schema))), "")
        self.made[name] = Model(
            name,
            described or _place_doc(where),
            tuple(fields.values()),
        )
        self._check_names(name, shape, fields)
        return name

    def _check_names(self, model: str, shape: Shape, fields: dict[str, Field]) -> None:
        """Every spelling belongs to one field, and every line fits."""
        owners: dict[str, str] = {}
        for field in fields.values():
            place = shape.properties[field.sent_as[0]][0]
            for name in field.sent_as:
                if owners.setdefault(name, field.name) != field.name:
                    place.fail(f"{name!r} is also a spelling of {owners[name]!r}")
            if len(f"    {field.name}: {field.type}{field.default}") > LINE:
                place.fail("does not fit on a line of code; make it a component with a short name")

    def _field(self, model: str, wire: str, parts: list[Excerpt], required: bool) -> Field:
        shape = shape_of(parts)
        json_text = any(part.at(JSON_TEXT).value is True for part in parts)
        annotation, inner = self._annotation(model + class_name(wire), shape, parts)
        if json_text:
            annotation, inner = "Any", None
        if annotation != "Any" and (shape.nullable or not required):
            annotation += " | None"
        others = dict.fromkeys(name for part in parts for name in aliases(part.value))
        name = self._field_name(wire)
        if not is_python_name(name):
            parts[0].fail(f"{brief(name)} is no name for a field: too long, or empty")
        return Field(
            name=name,
            type=annotation,
            required=required,
            doc=next((text for part in parts if (text := _doc(part))), ""),
            words="JSON in a text" if json_text else _words(shape, 0),
            known=tuple(shape.known),
            sent_as=(wire, *others),
            json_text=json_text,
            model=inner,
        )

    def _field_name(self, wire: str) -> str:
        """A property's name as a Python name that hides nothing."""
        name = re.sub(r"[^0-9A-Za-z_]", "_", wire)
        name = re.sub(r"^_{2,}|^(?=[0-9])", "_", name)
        hidden = keyword.iskeyword(name) or name == "extra" or name in self.taken
        return f"{name}_" if hidden else name

    def _annotation(self, name: str, shape: Shape, parts: list[Excerpt]) -> tuple[str, str | None]:
        """The annotation of the values of a shape, without None, and the model in it."""
        if shape.anything or not shape.kinds:
            return "Any", None
        types: list[str] = []
        inner: str | None = None
        if "object" in shape.kinds:
            written, inner = self._object(name, shape, parts)
            types.append(written)
        if "array" in shape.kinds:
            written, element = self._inside(f"{name}Item", shape.items)
            types.append(f"list[{written}]")
            inner = inner or element
        # An integer is a float too (PEP 484); msgspec takes either for one.
        scalars = shape.kinds - {"integer"} if "number" in shape.kinds else shape.kinds
        types += [_SCALARS[kind] for kind in _SCALARS if kind in scalars]
        return " | ".join(types), inner

    def _object(self, name: str, shape: Shape, parts: list[Excerpt]) -> tuple[str, str | None]:
        if not shape.properties:
            written, inner = self._inside(f"{name}Value", shape.additional)
            return f"dict[str, {written}]", inner
        component = component_of(parts)
        if component is None:
            # The same schemas are one model wherever they meet, also within themselves.
            places = frozenset(part.target().parts for part in parts)
            model = self.inline.setdefault(places, name)
            self._model(model, parts[0], parts)
        else:
            schema = self.root.at("components", "schemas", component)
            model = self._model(class_name(component), schema, [schema])
        return model, model

    def _inside(self, name: str, schemas: list[Excerpt]) -> tuple[str, str | None]:
        """The annotation of what a list or map holds, and the model in it."""
        if not schemas:
            return "Any", None
        if len(name) > _LONGEST_NAME:
            schemas[0].fail("contains itself without an object in between")
            return "Any", None
        shape = shape_of(schemas)
        annotation, inner = self._annotation(name, shape, schemas)
        return annotation + " | None" * (shape.nullable and annotation != "Any"), inner


def _place_doc(where: Excerpt) -> str:
    """What a model is, in want of a description."""
    of, name = where.parts[-2:]
    return f"An element of `{of}`." if name == "items" else f"The object `{name}`."


def _words(shape: Shape, depth: int) -> str:
    """The types of a shape, for people."""
    if shape.anything or not shape.kinds:
        return "any"
    words = []
    for kind in sorted(shape.kinds):
        if kind == "array" and shape.items and depth < 4:
            words.append(f"list of {_words(shape_of(shape.items), depth + 1)}")
        else:
            words.append(_WORDS.get(kind, kind))
    return " or ".join(words) + (" or null" if shape.nullable else "")


def _doc(schema: Excerpt) -> str:
    """A schema's own words: title and description, or those of what it refers to."""
    for _ in range(MAX_DEPTH):
        for place in (schema, schema.target()):
            texts = [place.at(key).value for key in ("title", "description")]
            found = [text.strip() for text in texts if isinstance(text, str) and text.strip()]
            if found:
                return "\n\n".join(found)
        parts = schema.target().at("allOf").items()
        if not parts:
            break
        schema = parts[0]
    return ""
