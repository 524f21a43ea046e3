"""Where a value sits in a request: a header, the path, a JSON pointer, a first-that-exists, a join.

A locator is data out of the spec (docs/spec.md, "Locators"). Must not know: what the value is for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

Headers = Sequence[tuple[bytes, bytes]]
"""Header fields as ASGI gives them: lower-case names, values as sent."""


class Place(msgspec.Struct, frozen=True):
    """Where to look: one event's decoded body, and the request that brought it."""

    body: Any
    headers: Headers = ()
    path: Mapping[str, str] | None = None
    """Values of the path template's parameters."""
    envelope: Mapping[str, str] | None = None
    """What the transport says of the event, as far as it is proved: its own names and texts."""


class Locator(Protocol):
    """Finds one scalar (str, int, float, bool) in a place; None where there is none."""

    def find(self, place: Place) -> Any: ...


@dataclass(frozen=True, slots=True)
class Header:
    """The value of a header that was sent exactly once; `name` in lower case."""

    name: str

    def find(self, place: Place) -> Any:
        wanted = self.name.encode("latin-1")
        values = [value for name, value in place.headers if name == wanted]
        if len(values) != 1:
            return None
        return values[0].decode("latin-1").strip() or None


@dataclass(frozen=True, slots=True)
class PathParameter:
    """The value of a parameter of the operation's path template."""

    name: str

    def find(self, place: Place) -> Any:
        return (place.path or {}).get(self.name)


@dataclass(frozen=True, slots=True)
class Pointer:
    """The scalar at a JSON pointer (RFC 6901), split into its unescaped parts."""

    parts: tuple[str, ...]

    def find(self, place: Place) -> Any:
        value = place.body
        for part in self.parts:
            if type(value) is dict:  # as the decoder makes them; isinstance takes twice the time
                value = value.get(part)
                if value is None:
                    return None
            elif isinstance(value, list) and _INDEX.fullmatch(part) and int(part) < len(value):
                value = value[int(part)]
            else:
                return None
        return None if value == "" or isinstance(value, _CONTAINERS) else value


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the transport around the event says of it: `MessageId` of SNS, say."""

    name: str

    def find(self, place: Place) -> Any:
        return (place.envelope or {}).get(self.name) or None


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same value."""

    value: str

    def find(self, place: Place) -> Any:
        return self.value


@dataclass(frozen=True, slots=True)
class FirstOf:
    """The first of several that exists."""

    choices: tuple[Locator, ...]

    def find(self, place: Place) -> Any:
        for choice in self.choices:
            value = choice.find(place)
            if value is not None:
                return value
        return None


@dataclass(frozen=True, slots=True)
class Joined:
    """Several values as one text; exists only where all of them do."""

    parts: tuple[Locator, ...]
    separator: str

    def find(self, place: Place) -> Any:
        values = [text(part.find(place)) for part in self.parts]
        found = [value for value in values if value is not None]
        return self.separator.join(found) if len(found) == len(values) else None


@dataclass(frozen=True, slots=True)
class Except:
    """Another locator's value, unless it is one of some placeholders that stand for nothing."""

    locator: Locator
    placeholders: tuple[str, ...]
    """In order: dedup keys hold how a locator is written, and a set is written in another order by
    each process."""

    def find(self, place: Place) -> Any:
        value = self.locator.find(place)
        return None if text(value) in self.placeholders else value


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time: where it sits and in which formats it may be written, tried in order."""

    locator: Locator
    formats: tuple[str, ...]

    def find(self, place: Place) -> datetime | None:
        """The time in UTC, or None where there is none or it is written in no known format.

        Of several places it is the first with a time that can be read.
        """
        first = self.locator
        for choice in first.choices if isinstance(first, FirstOf) else (first,):
            moment = time_of(choice.find(place), self.formats)
            if moment is not None:
                return moment
        return None


def of_body(locator: Locator) -> bool:
    """Whether it looks at nothing but the body: it finds the same long after the request."""
    match locator:
        case Header() | PathParameter() | Envelope():
            return False
        case FirstOf(several) | Joined(several, _):
            return all(map(of_body, several))
        case Except(inner, _) | Moment(inner, _):
            return of_body(inner)
        case _:
            return True


TIME_FORMATS = ("rfc3339", "epoch", "epoch-s", "epoch-ms")
"""Named time formats; any other holds a `%` and is one of `datetime.strptime`, read as UTC."""

_MILLISECONDS_FROM = 1e11
_CONTAINERS = (dict, list)
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


def time_of(value: Any, formats: Sequence[str]) -> datetime | None:
    """`value` as `parse_time` reads it, in the first of some formats in which it is written."""
    if value is not None:
        for form in formats:
            moment = parse_time(value, form)
            if moment is not None:
                return moment
    return None


def parse_time(value: Any, form: str) -> datetime | None:
    """`value` as an aware UTC datetime, or None when it is not written in `form`.

    `epoch` takes seconds or milliseconds and tells them apart by size (from 1e11 on: milliseconds).
    """
    try:
        if form == "rfc3339":
            if not isinstance(value, str):
                return None
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is UTC:
                return moment
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        if form in TIME_FORMATS:
            if isinstance(value, bool) or not isinstance(value, int | float | str):
                return None
            number = float(value)
            in_ms = form == "epoch-ms" or (form == "epoch" and abs(number) >= _MILLISECONDS_FROM)
            return datetime.fromtimestamp(number / 1000 if in_ms else number, UTC)
        return datetime.strptime(value, form).replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def text(value: Any) -> str | None:
    """A located scalar as text (`1.0` stays `1.0`, true is `true`), or None."""
    if value is None or type(value) is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
