"""Locators made ready for many places at once: one pass over all of them, without a call for each.

What is found is what `Locator.find` finds in each place; where one place is unusual, each is asked.
Pure. Must not know: what the values are for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from receiver.finding import Find, ready
from receiver.locator import Constant, FirstOf, Locator, Moment, Place, Pointer, time_of

Column = Callable[[Sequence[Place]], list[Any]]
"""What `Locator.find` finds in each of some places, in a list of its own."""


def column(locator: Locator) -> Column:
    """What finds as the locator does, in each place."""
    match locator:
        case Constant(value):
            return lambda places: [value] * len(places)
        case Pointer((name,)):
            return _members(name, ready(locator))
        case Pointer((outer, name)):
            return _members_below(outer, name, ready(locator))
        case FirstOf(choices):
            return _first([column(choice) for choice in choices])
        case Moment(FirstOf(choices), formats):
            return _first([_moments(column(choice), formats) for choice in choices])
        case Moment(inner, formats):
            return _moments(column(inner), formats)
        case _:
            find = ready(locator)
            return lambda places: list(map(find, places))


_SCALARS = frozenset({str, int, float, bool, type(None)})
_NUMBERS = frozenset({int, float})
_NOTHING: dict[str, Any] = {}


def _members(name: str, alone: Find) -> Column:
    def find(places: Sequence[Place]) -> list[Any]:
        try:
            return _usual([place.body.get(name) for place in places], alone, places)
        except AttributeError:  # a body that is no object
            return list(map(alone, places))

    return find


def _members_below(outer: str, name: str, alone: Find) -> Column:
    def find(places: Sequence[Place]) -> list[Any]:
        try:
            found = [(place.body.get(outer) or _NOTHING).get(name) for place in places]
        except AttributeError:
            return list(map(alone, places))
        return _usual(found, alone, places)

    return find


def _usual(found: list[Any], alone: Find, places: Sequence[Place]) -> list[Any]:
    """What was found, if it is scalars; the empty text is none."""
    if _SCALARS.issuperset(map(type, found)) and "" not in found:
        return found
    return list(map(alone, places))


def _first(choices: list[Column]) -> Column:
    def find(places: Sequence[Place]) -> list[Any]:
        found: list[Any] = [None] * len(places)
        missing = list(range(len(places)))
        for choice in choices:
            if not missing:
                break
            for index, value in zip(missing, choice([places[i] for i in missing]), strict=True):
                found[index] = value
            missing = [index for index in missing if found[index] is None]
        return found

    return find


def _moments(inner: Column, formats: tuple[str, ...]) -> Column:
    def find(places: Sequence[Place]) -> list[Any]:
        values = inner(places)
        return _alike(values, formats[0]) or [time_of(value, formats) for value in values]

    return find


def _alike(values: list[Any], form: str) -> list[datetime]:
    """The times that are all written in the same way, one of the two most usual; else nothing."""
    try:
        if form == "rfc3339":
            found = [datetime.fromisoformat(value) for value in values]
            return found if {moment.tzinfo for moment in found} == {UTC} else []
        if form == "epoch-s" and _NUMBERS.issuperset(map(type, values)):
            return [datetime.fromtimestamp(value, UTC) for value in values]
    except (ValueError, TypeError, OverflowError, OSError):
        return []
    return []
