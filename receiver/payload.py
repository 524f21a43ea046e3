"""Payload bytes as the generated model of their event type.

What a model cannot say by itself stands in tables beside it: the spellings that the sender uses for
its fields, and which fields hold JSON in a string. Whatever the spec does not declare goes to
`extra`, so that nothing is lost. The tables are worked out once for each model. Pure. Must not
know: which models there are.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from receiver.errors import PayloadError
from receiver.event import Payload

Model = TypeVar("Model", bound=Payload)
Spellings = Mapping[type[Payload], Mapping[str, str]]
"""For each model, its fields by the sender's names for them, the preferred one of each first.

A field that is not listed has the one name that it has in the model."""
JsonTexts = Mapping[type[Payload], frozenset[str]]
"""For each model, the fields whose value is a string that holds JSON."""

_Shape = Callable[[Any], Any]

_decode = msgspec.json.decode


def decoder(
    model: type[Model], spellings: Spellings, json_texts: JsonTexts
) -> Callable[[bytes], Model]:
    """What makes a `model` of the bytes of one event.

    The decoder raises PayloadError, with the path, for bytes that do not fit the model.
    """
    shape = _Shapes(spellings, json_texts).of_model(model)

    def decode(raw: bytes) -> Model:
        try:
            return msgspec.convert(shape(_decode(raw)), model)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise PayloadError(f"the payload is no {model.__name__}: {error}") from error

    return decode


def plain(raw: bytes) -> Payload:
    """A payload that no spec describes: every field of it in `extra`.

    Raises PayloadError for bytes that are no JSON object.
    """
    try:
        value = _decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise PayloadError(f"the payload is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise PayloadError("the payload is no JSON object")
    return Payload(extra=value)


class _Shapes:
    """Functions that bring decoded JSON into the form that `msgspec.convert` takes, one a model."""

    def __init__(self, spellings: Spellings, json_texts: JsonTexts) -> None:
        self.spellings = spellings
        self.json_texts = json_texts
        self.fields: dict[type[Payload], dict[str, _Shape | None]] = {}

    def of_model(self, model: type[Payload]) -> _Shape:
        """Fields by their own names, the rest under `extra`."""
        fields = self._fields(model)
        names = _names(model, self.spellings.get(model, {}))

        def shape(value: Any) -> Any:
            if not isinstance(value, dict):
                return value
            shaped: dict[str, Any] = {}
            extra: dict[str, Any] = {}
            others: list[tuple[str, str]] = []
            for name, item in value.items():
                field, first = names.get(name, ("", True))
                if not first:
                    others.append((name, field))
                elif field:
                    inner = fields[field]
                    shaped[field] = item if inner is None else inner(item)
                else:
                    extra[name] = item
            for name, field in others:
                if field in shaped:
                    extra[name] = value[name]
                else:
                    inner = fields[field]
                    shaped[field] = value[name] if inner is None else inner(value[name])
            if extra:
                shaped["extra"] = extra
            return shaped

        return shape

    def _fields(self, model: type[Payload]) -> dict[str, _Shape | None]:
        """The shape of each field; None for one that is taken as it is."""
        if model not in self.fields:
            # Entered before it is filled, so that a model that contains itself ends.
            self.fields[model] = fields = {}
            json_texts = self.json_texts.get(model, frozenset())
            for name, hint in get_type_hints(model).items():
                if name != "extra":
                    fields[name] = _json_text if name in json_texts else self._of_type(hint)
        return self.fields[model]

    def _of_type(self, hint: Any) -> _Shape | None:
        origin, args = get_origin(hint), get_args(hint)
        if isinstance(hint, type) and origin is None:
            if issubclass(hint, Payload):
                return self.of_model(hint)
            return _whole if hint is int else None
        if origin is list:
            return _each(self._of_type(args[0]))
        if origin is dict:
            return _every(self._of_type(args[1]))
        if origin in (Union, types.UnionType):
            shapes = [shape for arg in args if arg is not float for shape in [self._of_type(arg)]]
            found = [shape for shape in shapes if shape is not None]
            if float in args:
                found = [shape for shape in found if shape is not _whole]
            return _chain(found)
        return None


def _names(model: type[Payload], spellings: Mapping[str, str]) -> dict[str, tuple[str, bool]]:
    """For each name that the sender may use: the field, and whether it goes before others."""
    names: dict[str, tuple[str, bool]] = {}
    listed: set[str] = set()
    for name, field in spellings.items():
        names[name] = (field, field not in listed)
        listed.add(field)
    for field in model.__struct_fields__:
        if field != "extra" and field not in listed:
            names[field] = (field, True)
    return names


def _whole(value: Any) -> Any:
    """A number such as 3.0 as the integer that it is; to JSON Schema it is one too."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _json_text(value: Any) -> Any:
    """What a string of JSON holds; a string of anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        return _decode(value)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return value


def _each(inner: _Shape | None) -> _Shape | None:
    if inner is None:
        return None
    return lambda value: [inner(item) for item in value] if isinstance(value, list) else value


def _every(inner: _Shape | None) -> _Shape | None:
    if inner is None:
        return None
    return lambda value: (
        {key: inner(item) for key, item in value.items()} if isinstance(value, dict) else value
    )


def _chain(shapes: list[_Shape]) -> _Shape | None:
    """Each in turn: the shapes of a union's members touch different kinds of values."""
    if len(shapes) < 2:
        return shapes[0] if shapes else None

    def shape(value: Any) -> Any:
        for one in shapes:
            value = one(value)
        return value

    return shape
