"""Filters: System, User and Node decisions on an event type, and what they make of one event.

Order, levels and lists are those of the platform that has such filters: a lower level is looked at
only when the one above lets the event through, a level counts only where the contract says that
the type may be disabled there, and a filter lists the routes that it is enabled for.
Must not know: where filters are kept, who may set them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from receiver.contract import FILTER_LEVELS, EventType

__all__ = ["Decision", "Filter", "Filters", "fault", "levels_of"]


@dataclass(frozen=True, slots=True)
class Filter:
    """One decision: whether events of a type of one entity go on, and to which routes."""

    level: str
    """`system`, `user` or `node`."""
    type: str
    entity: str
    """The user or the node; empty at the system level."""
    enabled: bool
    routes: frozenset[str]
    """The routes that it is enabled for; empty: for none. Names of no route are kept."""

    @property
    def name(self) -> str:
        """What tells it from all others, and is shown: `user alice rmaker.event.alert`."""
        return " ".join(part for part in (self.level, self.entity, self.type) if part)


@dataclass(frozen=True, slots=True)
class Decision:
    """What filters make of one event on one route."""

    delivered: bool
    filter: Filter | None
    """The filter that decided; None where the default did."""
    why: str


@dataclass(slots=True)
class _OfType:
    """The filters of one event type that count: those of levels at which it may be disabled."""

    system: Filter | None = None
    users: dict[str, Filter] = field(default_factory=dict)
    nodes: dict[str, Filter] = field(default_factory=dict)

    def take(self, one: Filter) -> None:
        if one.level == "system":
            self.system = one
        else:
            (self.users if one.level == "user" else self.nodes)[one.entity] = one


_NONE = _OfType()


class Filters:
    """A snapshot of all filters, to be asked for every event: at most three look-ups."""

    __slots__ = ("_count", "_default", "_eligible", "_types")

    def __init__(
        self,
        filters: Iterable[Filter] = (),
        eligible: Mapping[str, tuple[str, ...]] | None = None,
        *,
        default: bool = True,
    ) -> None:
        """`eligible`: the levels of each type, as `levels_of` makes it.

        `default` is what holds for an event that no filter speaks of, on routes that are not
        strict.
        """
        self._eligible = eligible or {}
        self._default = default
        self._types: dict[str, _OfType] = {}
        self._count = 0
        for one in filters:
            if one.level in self._eligible.get(one.type, ()):
                self._types.setdefault(one.type, _OfType()).take(one)
                self._count += 1

    def __len__(self) -> int:
        return self._count

    @property
    def idle(self) -> bool:
        """Whether every event passes on every route that is not strict."""
        return self._default and not self._types

    def passes(
        self, route: str, strict: bool, type: str, user: str | None, node: str | None
    ) -> bool:
        """Whether an event goes on to a route.

        `strict`: only where an enabled filter lists the route.
        """
        of = self._types.get(type)
        if of is None:
            return (self._default and not strict) or not self._eligible.get(type)
        spoken = False
        system = of.system
        if system is not None:
            if not system.enabled or route not in system.routes:
                return False
            spoken = True
        for filters, entity in ((of.users, user), (of.nodes, node)):
            one = filters.get(entity) if entity is not None else None
            if one is not None:
                if not one.enabled or route not in one.routes:
                    return False
                spoken = True
        return spoken or (self._default and not strict)

    def decide(
        self, route: str, strict: bool, type: str, user: str | None, node: str | None
    ) -> Decision:
        """The same, with what decided it."""
        if not self._eligible.get(type):
            return Decision(True, None, "no filter can disable this type")
        of = self._types.get(type, _NONE)
        last: Filter | None = None
        for found in (of.system, of.users.get(user or ""), of.nodes.get(node or "")):
            if found is None:
                continue
            if not found.enabled:
                return Decision(False, found, f"the filter {found.name} is disabled")
            if route not in found.routes:
                return Decision(False, found, f"the filter {found.name} does not list {route}")
            last = found
        if last is not None:
            return Decision(True, last, f"the filter {last.name} lists {route}")
        if strict:
            return Decision(False, None, f"no filter lists {route}, which is strict")
        if self._default:
            return Decision(True, None, "there is no filter, and the default is enabled")
        return Decision(False, None, "there is no filter, and the default is disabled")


def levels_of(events: Iterable[EventType]) -> dict[str, tuple[str, ...]]:
    """The levels at which each type may be disabled, by type."""
    return {event.name: event.filters for event in events}


def fault(level: str, type: str, eligible: Mapping[str, tuple[str, ...]]) -> str | None:
    """Why there can be no filter for a type at a level; None where there can."""
    if level not in FILTER_LEVELS:
        return f"there is no level {level!r}; levels: {', '.join(FILTER_LEVELS)}"
    if type not in eligible:
        return f"the contract has no event type {type!r}"
    if level in eligible[type]:
        return None
    if not eligible[type]:
        return f"{type} cannot be disabled at any level"
    return f"{type} cannot be disabled at the {level} level; it can at: {', '.join(eligible[type])}"
