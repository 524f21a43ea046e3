"""What a person reads when a setting is wrong: which key, what is wrong, the nearest right key.

Must not know: files or the environment; who asked. Never shows the value of a secret.
"""

from __future__ import annotations

from difflib import get_close_matches
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from receiver.settings.lines import KeyPath

NAMED_TABLES = ("sources", "routes", "transforms", "endpoints")
"""Tables whose own keys are names that the user gives."""

_LISTS = ("tuple_type", "list_type", "set_type")
_EXAMPLES = {
    "events": '["bell.*"]',
    "secrets": '[{ name = "a", value = "env:NAME" }]',
    "headers": '[{ name = "X-Key", value = "env:NAME" }]',
    "public_keys": '["file:key.pem"]',
    "schedule": "[5, 300, 1800]",
}
_WORDS = {
    "bool_": "true or false",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "string_type": "a text in quotes",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}
"""The kinds of pydantic's errors that it words as a Python programmer reads them."""


def problems(error: ValidationError, model: type[BaseModel]) -> list[tuple[KeyPath, str]]:
    """(key, what is wrong) of each thing wrong, in the order of the model."""
    return [_problem(dict(detail), model) for detail in error.errors(include_url=False)]


def wording(path: KeyPath) -> str:
    """A key as a person finds it in the file: `[routes.archive] retry.first`."""
    parts = list(path)
    depth = 2 if parts and parts[0] in NAMED_TABLES else 1
    table, rest = parts[:depth], parts[depth:]
    if not rest and depth == 1:
        return _dotted(table)
    return f"[{_dotted(table)}] {_dotted(rest)}".rstrip()


def nearest(word: str, known: list[str], otherwise: str) -> str:
    """`did you mean "x"?` where a known word is near; else `otherwise`."""
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else otherwise


def nearest_of(word: str, known: list[str], what: str) -> str:
    """As `nearest`; where none is near, all known words after `what`."""
    return nearest(word, known, f"{what} {', '.join(known) or 'none'}")


def _problem(detail: dict[str, Any], model: type[BaseModel]) -> tuple[KeyPath, str]:
    path = tuple(detail["loc"])
    kind = detail["type"]
    if kind == "extra_forbidden":
        known = _keys(model, path[:-1])
        return path, f"there is no such key; {nearest_of(str(path[-1]), known, 'known keys:')}"
    if kind == "missing":
        return path, "is missing; it has no default"
    if kind == "literal_error":
        return path, f"should be {detail['ctx']['expected']}"
    if kind == "value_error":
        return path, str(detail["ctx"]["error"])
    return path, plain(kind, detail["msg"], str(path[-1]) if path else "")


def plain(kind: str, message: str, key: str) -> str:
    """What pydantic says of a value, in the words of the file that it stands in.

    `kind` is pydantic's name of the error.
    """
    if kind in _LISTS:
        return f"should be a list, such as {_EXAMPLES.get(key, _EXAMPLES['events'])}"
    known = next((words for start, words in _WORDS.items() if kind.startswith(start)), None)
    if known is not None:
        return f"should be {known}"
    message = message.removeprefix("Value error, ")
    for start in ("Input should be ", "Value should "):
        if message.startswith(start):
            return f"should be {message.removeprefix(start)}"
    return message[:1].lower() + message[1:]


def _keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    """The keys that the table at `path` may have."""
    kind: Any = model
    for part in path:
        kind = _inside(kind, part)
    kind = _model(kind)
    if kind is None:
        return []
    return [field.alias or name for name, field in kind.model_fields.items()]


def _inside(kind: Any, part: str | int) -> Any:
    """The type of what stands under `part` in a value of type `kind`."""
    found = _model(kind)
    if found is not None:
        for name, field in found.model_fields.items():
            if part in (field.alias, name):
                return field.annotation
        return None
    arguments = [argument for argument in get_args(kind) if argument is not Ellipsis]
    return arguments[-1] if arguments else None


def _model(kind: Any) -> type[BaseModel] | None:
    if get_origin(kind) in (Union, UnionType):
        return next((found for found in map(_model, get_args(kind)) if found), None)
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _dotted(parts: list[str | int]) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")
