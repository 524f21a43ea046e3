"""A sink's settings as forms need them: what each is called, of what kind, whether secret.

Drawn from the sink's `Settings`, and from its `translations` where the author gives some.
Must not know: routes, users, how a form is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from receiver.masking import showable
from receiver.plugins import Description

ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Specifier:
    """One setting of a sink."""

    key: str
    default: Any
    required: bool
    secret: bool
    kind: Literal["text", "toggle", "choice"]
    choices: tuple[str, ...]
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Form:
    """One sink in one language."""

    sink: str
    locale: str
    title: str
    description: str
    specifiers: tuple[Specifier, ...]


def form(sink: Description, accepted: str = "") -> Form:
    """The form of a sink in the language that `accepted` (an Accept-Language) asks for."""
    locale = _locale(accepted, sink.translations)
    words = sink.translations.get(locale, {})
    fields = sink.settings.model_fields if sink.settings else {}
    return Form(
        sink=sink.name,
        locale=locale,
        title=words.get("name", sink.name),
        description=words.get("description", sink.summary),
        specifiers=tuple(
            _specifier(sink, key, field, words)
            for key, field in fields.items()
            if key != "allow_private"  # where it may connect to is for operators to say
        ),
    )


def secret_keys(settings: type[BaseModel] | None) -> frozenset[str]:
    """The settings that may hold a secret."""
    if settings is None:
        return frozenset()
    return frozenset(key for key in settings.model_fields if not showable(settings, (key,)))


def _specifier(
    sink: Description, key: str, field: FieldInfo, words: Mapping[str, str]
) -> Specifier:
    assert sink.settings is not None
    kind, choices = _kind(field.annotation)
    secret = not showable(sink.settings, (key,))
    required = field.is_required()
    default = None if required or secret else field.get_default(call_default_factory=True)
    return Specifier(
        key=key,
        default=default.value if isinstance(default, Enum) else default,
        required=required,
        secret=secret,
        kind=kind,
        choices=choices,
        title=words.get(f"{key}.key", field.title or key.replace("_", " ").capitalize()),
        description=words.get(f"{key}.desc", field.description or ""),
    )


def _kind(annotation: Any) -> tuple[Literal["text", "toggle", "choice"], tuple[str, ...]]:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(parts[0])
    if origin is Literal:
        return "choice", tuple(map(str, parts))
    if origin in (Union, UnionType):
        found = [part for part in parts if part is not type(None)]
        return _kind(found[0]) if len(found) == 1 else ("text", ())
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "choice", tuple(str(member.value) for member in annotation)
    return ("toggle", ()) if annotation is bool else ("text", ())


def _locale(accepted: str, translations: Mapping[str, Mapping[str, str]]) -> str:
    """The best language that there is (RFC 9110, section 12.5.4); English else."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted.split(",")):
        name, _, quality = part.strip().partition(";")
        try:
            weight = float(quality.partition("=")[2] or 1)
        except ValueError:
            continue
        if name and weight > 0:
            wanted.append((-weight, place, name.strip().lower()))
    for _, _, name in sorted(wanted):
        for known in (*translations, ENGLISH):
            if known.lower() in (name, name.partition("-")[0]):
                return known
    return ENGLISH
