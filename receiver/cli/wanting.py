"""Which events the routes want, asked without delivering anything.

Must not know: what for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from receiver.cli import opening
from receiver.errors import ReceiverError

if TYPE_CHECKING:
    from receiver.catalogue import Catalogue
    from receiver.dispatch import Route
    from receiver.inbox import Head, Stored
    from receiver.inbox.sqlite import SqliteInbox
    from receiver.plugins import Plugin
    from receiver.settings import Configuration


@dataclass(frozen=True, slots=True)
class Wanting:
    """One configured route, and what it wants."""

    route: Route
    wants: Callable[[Head], bool]
    """By its patterns and its sink's hooks; a sink with a process of its own is not asked."""


def configured(found: Configuration) -> dict[str, Route]:
    """The routes of the configuration and of the API, by name.

    Raises ConfigError for a configured one that cannot be used; one of the API is left out then.
    """
    from receiver.backstage import routes

    catalogue, plugins = opening.catalogue(found), opening.plugins(found)
    every = routes(found, catalogue, plugins, os.environ)
    if found.store_path.exists():
        every += opening.with_inbox(found, lambda inbox: _decided(inbox, found, catalogue, plugins))
    return {route.name: route for route in every}


async def _decided(
    inbox: SqliteInbox, found: Configuration, catalogue: Catalogue, plugins: Mapping[str, Plugin]
) -> list[Route]:
    """The routes of the API."""
    from receiver.backstage import Decided

    folder = found.store_path.parent
    decided = Decided(inbox.registry, folder, catalogue, os.environ)
    return await decided.routes(found, plugins)


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
