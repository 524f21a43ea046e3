"""Which events the configured routes want, asked without delivering anything.

Must not know: what for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from receiver.cli import opening
from receiver.errors import ReceiverError

if TYPE_CHECKING:
    from receiver.catalogue import Catalogue
    from receiver.dispatch import Route
    from receiver.inbox import Head, Stored
    from receiver.settings import Configuration


@dataclass(frozen=True, slots=True)
class Wanting:
    """One configured route, and what it wants."""

    route: Route
    wants: Callable[[Head], bool]
    """By its patterns and its sink's hooks; a sink with a process of its own is not asked."""


def configured(found: Configuration) -> dict[str, Route]:
    """The configured routes by name. Raises ConfigError for one that cannot be used."""
    from receiver.backstage import routes

    catalogue, plugins = opening.catalogue(found), opening.plugins(found)
    return {route.name: route for route in routes(found, catalogue, plugins, os.environ)}


def wanting(found: Configuration, names: Sequence[str] | None = None) -> dict[str, Wanting]:
    """The configured routes by name; ReceiverError for a name that is none of them."""
    every = configured(found)
    for name in names or ():
        check(name, every)
    catalogue = opening.catalogue(found)
    chosen = [every[name] for name in names or every]
    return {route.name: Wanting(route, wants_of(route, catalogue)) for route in chosen}


def check(name: str, known: Iterable[str]) -> None:
    """Raise ReceiverError for a route that is not among those that are known."""
    from receiver.settings import nearest_of

    names = sorted(known)
    if name not in names:
        raise ReceiverError(f"there is no route {name!r}; {nearest_of(name, names, 'routes:')}")


def head(event: Stored) -> Head:
    """What routes choose an event by."""
    from receiver.inbox import Head

    return Head(event.seq or 0, event.source, event.type, event.node, event.user)


def wants_of(route: Route, catalogue: Catalogue) -> Callable[[Head], bool]:
    """Whether a route wants an event."""
    from receiver.dispatch.selection import Selection, patterned
    from receiver.plugins import bind

    if route.isolation == "process":
        return patterned(route)
    sink = bind(route.plugin, route.name, route.settings, catalogue.hookspecs)
    return Selection(route, sink, catalogue).wants
