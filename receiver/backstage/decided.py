"""What was decided while Receiver ran, as what is run: the routes of the API, and the filters.

A route that cannot be used (its sink is gone, its key is another one) is left out and told; it
waits, and costs the others nothing. Must not know: who decides, how a route is run.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from receiver.backstage.routes import assembled
from receiver.catalogue import Catalogue
from receiver.decisions import Book, ManagedRoute, Seal, User
from receiver.dispatch import Part, Route
from receiver.errors import ConfigError, PluginError, ReceiverError
from receiver.filters import Filters, levels_of
from receiver.inbox.registry import Registry
from receiver.patterns import literal
from receiver.plugins import Plugin, bind
from receiver.secrets import endpoint_settings
from receiver.settings import Configuration, RouteSettings

_log = logging.getLogger("receiver.backstage")


class Decided:
    """The decisions of one store."""

    def __init__(
        self, registry: Registry, folder: Path, catalogue: Catalogue, environ: Mapping[str, str]
    ) -> None:
        self._book = Book(registry)
        self._seal = Seal(folder, environ)
        self._catalogue = catalogue
        self._environ = environ
        self._said: dict[str, str] = {}

    async def revision(self) -> int:
        """Grows with every decision. Raises StoreError."""
        return await self._book.revision()

    async def filters(self, found: Configuration) -> tuple[Filters, str]:
        """The filters, and how they are remembered: the trail has what they were at a revision.

        Raises StoreError.
        """
        revision, default = await self._book.revision(), found.settings.filters.default
        filters = Filters(
            await self._book.filters(),
            levels_of(self._catalogue.contract.events),
            default=default == "enabled",
        )
        return filters, json.dumps({"revision": revision, "default": default})

    async def routes(self, found: Configuration, plugins: Mapping[str, Plugin]) -> list[Route]:
        """The routes that can be used now; the others are told once. Raises StoreError."""
        users = {user.name: user for user in await self._book.users()}
        decided = await self._book.routes()
        return await asyncio.to_thread(self._routes, decided, found, plugins, users)

    async def names(self) -> list[str]:
        """The names of all routes, whether they can be used now or not. Raises StoreError."""
        return [one.name for one in await self._book.routes()]

    def _routes(
        self,
        decided: Sequence[ManagedRoute],
        found: Configuration,
        plugins: Mapping[str, Plugin],
        users: Mapping[str, User],
    ) -> list[Route]:
        made: list[Route] = []
        wrong: dict[str, str] = {}
        for one in decided:
            try:
                made.append(self._route(one, found, plugins, users))
            except ReceiverError as error:
                wrong[one.name] = str(error)
        for name, said in wrong.items():
            if self._said.get(name) != said:
                _log.error("the route %s of the API waits: %s", name, said)
        self._said = wrong
        return made

    def _route(
        self,
        one: ManagedRoute,
        found: Configuration,
        plugins: Mapping[str, Plugin],
        users: Mapping[str, User],
    ) -> Route:
        if one.name in found.settings.routes:
            raise ConfigError(f"{found.label} has a route of the same name")
        options = dict(one.options)
        if one.owner is not None:
            if one.owner not in users:
                raise ConfigError(f"its user {one.owner} is gone")
            options["users"] = [literal(users[one.owner].id)]
        sink, settings = one.sink, one.opened(self._seal)
        if one.endpoint is not None and one.endpoint in found.settings.endpoints:
            sink = found.settings.endpoints[one.endpoint].sink
            settings = endpoint_settings(found, one.endpoint, self._environ)
        if sink not in plugins:
            raise PluginError(f"no sink {sink!r} is installed")
        given = RouteSettings.model_validate({"sink": sink, "from": one.start, **options})
        route = assembled(one.name, given, plugins[sink], settings, found.base)
        if route.isolation != "process":
            bind(route.plugin, route.name, route.settings, self._catalogue.hookspecs)
        return self._narrowed(route, one)

    def _narrowed(self, route: Route, one: ManagedRoute) -> Route:
        """With what only routes of the API have."""
        parts: tuple[Part, ...] = ()
        if one.hook and one.hook.sources:
            sources = [
                self._catalogue.contract.sources.get(name) for name in one.options["sources"]
            ]
            places = [source.hooks.part for source in sources if source and source.hooks]
            parts = tuple(Part(place, one.hook.sources) for place in places)
        return replace(route, strict=one.strict, parts=parts)
