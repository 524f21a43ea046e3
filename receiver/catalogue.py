"""The contract to serve, loaded from its generated package: validators, decoders, samples, hooks.

Must not know: requests, plugins, the inbox.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from itertools import islice
from types import ModuleType
from typing import Any

import jsonschema_rs
from jsonschema_rs import ValidationErrorKind

from receiver import openapi, payload
from receiver.contract import Contract, Document, EventType
from receiver.errors import ConfigError, SpecError
from receiver.event import Payload
from receiver.excerpt import pointer
from receiver.schema import Place, json_schema, open_enums

MAX_PROBLEMS = 20
_MAX_MESSAGE = 200

_Key = tuple[str, str]
Decoder = Callable[[bytes], Payload]

Sound = Callable[[Sequence[Any]], bool]
"""Whether `Catalogue.problems` would find none in any of some decoded payloads of one type."""


@dataclass(frozen=True)
class Catalogue:
    """One contract, ready to serve. Made once, by `load`, before the first request; what tells of
    several payloads at once is made when it is first asked."""

    package: str
    """The dotted name of the generated package."""
    contract: Contract
    hookspecs: ModuleType
    """One pluggy hook specification for each event type."""
    validators: Mapping[_Key, jsonschema_rs.Draft202012Validator] = field(repr=False)
    decoders: Mapping[_Key, Decoder] = field(repr=False)
    enums: Mapping[_Key, tuple[tuple[Place, frozenset[Any]], ...]] = field(repr=False)
    _arrays: dict[_Key, Sound] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def operations(self) -> str:
        """The dotted name of the module that has the function of each operation."""
        return f"{self.package}.operations"

    @property
    def samples(self) -> Mapping[str, Any]:
        """An example payload for each event type, by hook name."""
        return {event.hook: event.sample for event in self.contract.events}

    def problems(self, event: EventType, body: Any) -> list[str]:
        """What is wrong with a decoded payload, at most 20, each as `path: what is wrong`.

        No message holds a value out of the payload.
        """
        validator = self.validators[event.source, event.name]
        if validator.is_valid(body):
            return []
        found = islice(validator.iter_errors(body), MAX_PROBLEMS)
        return [f"{_path(error.instance_path)}: {_short(_message(error))}" for error in found]

    def sound(self, event: EventType, bodies: Sequence[Any]) -> bool:
        """Whether `problems` would find none in any of some payloads; asked of all at once."""
        key = event.source, event.name
        found = self._arrays.get(key)
        if found is None:
            found = self._arrays[key] = _array_validator(self.contract, event)
        return found(bodies)

    def unknown_values(self, event: EventType, body: Any) -> list[str]:
        """Values outside the open enums of the spec, at most 20: to report, not to refuse."""
        found: list[str] = []
        for place, known in self.enums[event.source, event.name]:
            for path, value in _values(body, place):
                if isinstance(value, str | int | float) and value not in known:
                    found.append(f"{_path(path)}: {_short(repr(value), 60)} is new to the spec")
                    if len(found) == MAX_PROBLEMS:
                        return found
        return found

    def decoder(self, source: str, type: str) -> Decoder:
        """What makes the model of an event type out of an event's bytes.

        For a type that the contract does not have, everything is in `extra`. The decoder raises
        PayloadError for bytes that do not fit.
        """
        return self.decoders.get((source, type), payload.plain)


def load(dotted: str = "receiver.generated") -> Catalogue:
    """The catalogue of a generated package, by its dotted name.

    Raises ConfigError when there is no such package or it has not the shape of a generated one.
    """
    hookspecs = _import(dotted, "hookspecs")
    models = _import(dotted, "models")
    served = contract(dotted)
    try:
        tables = models.MODELS, models.SPELLINGS, models.JSON_TEXTS
        decoders = {
            key: payload.decoder(model, tables[1], tables[2]) for key, model in tables[0].items()
        }
    except (AttributeError, TypeError, ValueError, NameError) as error:
        raise _misshapen(dotted, f"models.py: {error}") from error
    missing = [event for event in served.events if (event.source, event.name) not in decoders]
    missing += [event for event in served.events if not hasattr(hookspecs, event.hook)]
    if missing:
        raise _misshapen(dotted, f"nothing was generated for {missing[0].name}")
    return Catalogue(
        package=dotted,
        contract=served,
        hookspecs=hookspecs,
        validators={
            (event.source, event.name): _validator(dotted, served, event) for event in served.events
        },
        decoders=decoders,
        enums={
            (event.source, event.name): open_enums(served.document, event.schema)
            for event in served.events
        },
    )


def validator(contract: Contract, event: EventType) -> jsonschema_rs.Draft202012Validator:
    """The validator of an event type's payloads. Raises ValueError for a schema that is none."""
    return schema_validator(contract.document, event.schema)


def _array_validator(contract: Contract, event: EventType) -> Sound:
    schema = json_schema(contract.document, event.schema)
    apart = {name: schema.pop(name) for name in ("$schema", "$defs")}
    array = {**apart, "type": "array", "items": schema}
    return jsonschema_rs.Draft202012Validator(array).is_valid


def schema_validator(document: Document, schema: str) -> jsonschema_rs.Draft202012Validator:
    """The validator of a component schema. Raises ValueError for a schema that is none."""
    return jsonschema_rs.Draft202012Validator(json_schema(document, schema), mask="the value")


def _validator(
    dotted: str, contract: Contract, event: EventType
) -> jsonschema_rs.Draft202012Validator:
    try:
        return validator(contract, event)
    except ValueError as error:
        raise _misshapen(dotted, f"the schema of {event.name}: {_short(str(error))}") from error


def contract(dotted: str = "receiver.generated") -> Contract:
    """What a generated package says is served; nothing of its generated code is imported.

    Raises ConfigError as `load` does.
    """
    try:
        text = resources.files(dotted).joinpath("openapi.json").read_text(encoding="utf-8")
        return openapi.parse(json.loads(text))
    except ModuleNotFoundError as error:
        raise _absent(dotted, dotted, error) from error
    except (OSError, ValueError, TypeError, SpecError) as error:
        raise _misshapen(dotted, f"openapi.json: {error}") from error


def _import(dotted: str, module: str) -> ModuleType:
    try:
        return importlib.import_module(f"{dotted}.{module}")
    except ModuleNotFoundError as error:
        raise _absent(dotted, f"{dotted}.{module}", error) from error
    except (SyntaxError, ValueError, TypeError) as error:
        raise _misshapen(dotted, f"{module}: {error}") from error


def _absent(dotted: str, wanted: str, error: ModuleNotFoundError) -> ConfigError:
    """The error for a package that is not there; raises `error` itself when it is another's."""
    if not error.name or not wanted.startswith(error.name):
        raise error
    return ConfigError(
        f"contract = {dotted!r}: there is no {error.name}; `receiver generate --out DIR` "
        "makes such a package, and it must be importable"
    )


def _misshapen(dotted: str, reason: str) -> ConfigError:
    return ConfigError(
        f"contract = {dotted!r}: not a package that `receiver generate` made, or an old one; "
        f"generate it again ({reason})"
    )


def _values(body: Any, place: Place) -> list[tuple[tuple[str, ...], Any]]:
    """The values at a place of a payload, with their paths."""
    found: list[tuple[tuple[str, ...], Any]] = [((), body)]
    for step in place:
        below: list[tuple[tuple[str, ...], Any]] = []
        for path, value in found:
            if isinstance(value, dict):
                keys = list(value) if step is None else [step] if step in value else []
                below += [((*path, key), value[key]) for key in keys]
            elif isinstance(value, list) and step is None:
                below += [((*path, str(index)), item) for index, item in enumerate(value)]
        found = below
    return found


def _message(error: jsonschema_rs.ValidationError) -> str:
    """What is wrong; for a property that may be there under several names, these names."""
    kind = error.kind
    if isinstance(kind, ValidationErrorKind.AnyOf):
        inner = [one.kind for choice in kind.context for one in choice]
        missing = [one.property for one in inner if isinstance(one, ValidationErrorKind.Required)]
        if len(missing) == len(inner):
            return " or ".join(f'"{name}"' for name in missing) + " is a required property"
    return error.message


def _path(parts: list[str | int] | tuple[str, ...]) -> str:
    """A JSON pointer for people: the whole payload is `/`."""
    return _short(pointer(tuple(str(part) for part in parts)) or "/")


def _short(text: str, longest: int = _MAX_MESSAGE) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
