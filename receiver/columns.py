"""Locators made ready for many events at once: one pass over all of them, without a call for each.

What is found is what `Locator.find` finds in each place; where one place is unusual, each is asked.
Pure. Must not know: what the values are for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import repeat
from operator import mod
from typing import Any

import msgspec

from receiver.finding import Find, ready
from receiver.locator import Constant, FirstOf, Locator, Moment, Place, Pointer, time_of


class Places:
    """The places of some events, each made only if it is asked for: most values are in bodies."""

    __slots__ = ("_each", "_place", "bodies", "found")

    def __init__(self, bodies: Sequence[Any], place: Callable[[int], Place]) -> None:
        """`bodies` are decoded; `place` gives the place of each, by its index."""
        self.bodies = bodies
        self._place = place
        self._each: list[Place] | None = None
        self.found: dict[str, list[Any]] = {}
        """What each locator found, under how it is written: a node may be in the key, too."""

    def __len__(self) -> int:
        return len(self.bodies)

    @property
    def each(self) -> list[Place]:
        """Every place."""
        if self._each is None:
            self._each = list(map(self._place, range(len(self.bodies))))
        return self._each

    def some(self, indexes: Sequence[int]) -> Places:
        """A few of them."""
        bodies, place = self.bodies, self._place
        return Places([bodies[index] for index in indexes], lambda at: place(indexes[at]))


Column = Callable[[Places], list[Any]]
"""What `Locator.find` finds in each of some places; the list is to be left as it is."""


def column(locator: Locator) -> Column:
    """What finds as the locator does, in each place; it looks at the same places once."""
    find, written = _column(locator), repr(locator)

    def remembered(places: Places) -> list[Any]:
        found = places.found.get(written)
        if found is None:
            found = places.found[written] = find(places)
        return found

    return remembered


def _column(locator: Locator) -> Column:
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
            return _alone(ready(locator))


_SCALARS = frozenset({str, int, float, bool, type(None)})
_NUMBERS = frozenset({int, float})
_NOTHING: dict[str, Any] = {}


def _alone(find: Find) -> Column:
    return lambda places: list(map(find, places.each))


def _members(name: str, find: Find) -> Column:
    alone = _alone(find)

    def members(places: Places) -> list[Any]:
        try:
            found = [body.get(name) for body in places.bodies]
        except AttributeError:  # a body that is no object
            return alone(places)
        return found if _usual(found) else alone(places)

    return members


def _members_below(outer: str, name: str, find: Find) -> Column:
    alone = _alone(find)

    def members(places: Places) -> list[Any]:
        try:
            found = [(body.get(outer) or _NOTHING).get(name) for body in places.bodies]
        except AttributeError:
            return alone(places)
        return found if _usual(found) else alone(places)

    return members


def _usual(found: list[Any]) -> bool:
    """Whether all that was found is scalars; the empty text is none."""
    return _SCALARS.issuperset(map(type, found)) and (all(found) or "" not in found)


def lacks(found: list[Any]) -> bool:
    """Whether there is nothing in one of the places."""
    return not all(found) and None in found


def _first(choices: list[Column]) -> Column:
    def find(places: Places) -> list[Any]:
        found = choices[0](places) if choices else [None] * len(places)
        for choice in choices[1:]:
            if not lacks(found):
                break
            missing = [index for index, value in enumerate(found) if value is None]
            found = list(found)
            for index, value in zip(missing, choice(places.some(missing)), strict=True):
                found[index] = value
        return found

    return find


def _moments(inner: Column, formats: tuple[str, ...]) -> Column:
    def find(places: Places) -> list[Any]:
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
            if min(values) >= _COARSE and _TIE not in map(mod, values, repeat(2 * _TIE)):
                return msgspec.convert(values, list[datetime], strict=False)
            return list(map(datetime.fromtimestamp, values, repeat(UTC)))
    except (ValueError, TypeError, OverflowError, OSError, msgspec.ValidationError):
        return []
    return []


_COARSE = 2**30
_TIE = 1 / 128
"""From 2**30 on, a double of seconds is a multiple of 2**-22, and exact in nano- and microseconds.
Half a microsecond is then left over only of odd multiples of 1/128, and nothing else is rounded by
msgspec otherwise than by `fromtimestamp`, which takes eight times as long."""
