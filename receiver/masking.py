"""Which of a sink's settings may be shown: those whose type leaves no room for a secret.

Must not know: configuration files, values.
"""

from __future__ import annotations

import collections.abc
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

SCALARS = (str, int, float, bool, NoneType, Decimal, date, datetime, time, timedelta)
LISTS = (list, tuple, set, frozenset, collections.abc.Sequence, collections.abc.Set)
MAPPINGS = (dict, collections.abc.Mapping)


def showable(settings: type[BaseModel], path: Sequence[str | int]) -> bool:
    """Whether what stands at `path` within settings of this model is certain to be no secret.

    Only what is known to be plain is; a key or a type that nobody thought of is not.
    """
    found = list(_at(settings, tuple(path)))
    return bool(found) and all(map(_plain, found))


def _at(annotation: Any, path: tuple[str | int, ...]) -> Iterator[Any]:
    """Every type that the value at `path` below a type may have."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _at(parts[0], path)
    elif origin in (Union, UnionType):
        for part in parts:
            yield from _at(part, path)
    elif not path:
        yield annotation
    elif origin in MAPPINGS:
        yield from _at(parts[1], path[1:])
    elif origin in LISTS:
        for part in parts:
            yield from _at(part, path[1:])
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = _by_key(annotation)
        yield from _at(fields[path[0]], path[1:]) if path[0] in fields else (Any,)
    elif annotation not in SCALARS:
        yield Any


def _by_key(model: type[BaseModel]) -> Mapping[str | int, Any]:
    """The type of each field by the key that sets it."""
    return {
        key: field.annotation
        for name, field in model.model_fields.items()
        if isinstance(key := field.validation_alias or name, str)
    }


def _plain(annotation: Any) -> bool:
    """Whether a type is a scalar, a choice of words, a path, or a container of such."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _plain(parts[0])
    if origin in (Union, UnionType) or origin in LISTS or origin in MAPPINGS:
        return all(part is Ellipsis or _plain(part) for part in parts)
    if origin is not None:
        return origin is Literal
    if not isinstance(annotation, type):
        return False
    # A class of one's own may be made to hold a secret, though it be a kind of text.
    return annotation in SCALARS or issubclass(annotation, Enum | Path)
