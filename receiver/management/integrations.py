"""The dialect of integrations and event filters: `webhook_integration`, `event_filter`, `login`.

Its words are those of the platform whose users manage events so (wire formats 1.6 and 1.7): an
integration is a strict route, an `entity_id` of the System level is `system.` and the event type,
an `entity_type` is the same in upper and lower case. Must not know: how requests arrive.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import receiver
from receiver.contract import FILTER_LEVELS, Contract
from receiver.decisions import ManagedRoute
from receiver.filters import Filter
from receiver.management.caller import Caller, missing, wrong
from receiver.management.dialects import done
from receiver.management.filters import FilterBook
from receiver.management.logins import Logins
from receiver.management.routes import Routes, Wish
from receiver.settings import nearest_of

SYSTEM = "system."


class Integrations:
    """The operations of the dialect."""

    def __init__(
        self, contract: Contract, routes: Routes, filters: FilterBook, logins: Logins
    ) -> None:
        self._routes = routes
        self._filters = filters
        self._logins = logins
        self._sources = sorted({event.source for event in contract.events if event.filters})

    async def login(self, caller: Caller | None, body: Mapping[str, Any]) -> dict[str, Any]:
        """A token for a name and a password; it is the access token and the id token in one."""
        token = await self._logins.login(body["user_name"], body["password"])
        return {**done("Login successful"), "accesstoken": token, "idtoken": token}

    async def versions(self, caller: Caller | None) -> dict[str, Any]:
        """The versions of this API."""
        build = {"version": "v1", "build_info": receiver.__version__, "release_notes": ""}
        return {"supported_versions": ["v1"], "additional_info": [build]}

    async def list_integrations(
        self, caller: Caller, service_name: str | None = None, endpoint_name: str | None = None
    ) -> dict[str, Any]:
        """All integrations, or those of a name."""
        found = [
            _shown(route, await self._routes.paused(route.name))
            for route in await self._routes.all(caller)
            if route.form == "integration"
            and service_name in (None, route.name)
            and endpoint_name in (None, route.endpoint)
        ]
        return {**done(f"{len(found)} found"), "webhook_integrations": found}

    async def create_integration(self, caller: Caller, body: Mapping[str, Any]) -> dict[str, Any]:
        """A strict route to an endpoint."""
        await self._routes.create(caller, self._wish(body))
        return done("Webhook integration added")

    async def update_integration(self, caller: Caller, body: Mapping[str, Any]) -> dict[str, Any]:
        """Another endpoint, or another state."""
        await self._integration(caller, body["service_name"])
        await self._routes.replace(caller, self._wish(body))
        return done("Webhook integration updated")

    async def delete_integration(
        self, caller: Caller, service_name: str, endpoint_name: str
    ) -> dict[str, Any]:
        """Remove it; both names must be its own."""
        route = await self._integration(caller, service_name)
        if route.endpoint != endpoint_name:
            raise missing("webhook integration", f"{service_name} to {endpoint_name}")
        await self._routes.remove(caller, service_name)
        return done("Webhook integration deleted")

    async def list_filters(self, caller: Caller, **asked: str | None) -> dict[str, Any]:
        """The event filters that the caller may see."""
        return await self._list(caller, own=False, **asked)

    async def list_own_filters(self, caller: Caller, **asked: str | None) -> dict[str, Any]:
        """The event filters of the caller's own user and nodes; of all for a superadmin."""
        return await self._list(caller, own=not caller.super, **asked)

    async def create_filter(self, caller: Caller, body: Mapping[str, Any]) -> dict[str, Any]:
        """A filter that there is already is changed, as posting it again does on the platform."""
        return await self._set(caller, body, None)

    async def update_filter(self, caller: Caller, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change a filter that there is."""
        return await self._set(caller, body, False)

    async def delete_filter(self, caller: Caller, body: Mapping[str, Any]) -> dict[str, Any]:
        """Remove a filter; without `entity_type`, the user's or node's that is called so."""
        type, id = body["event_type"], body["entity_id"]
        if body.get("entity_type"):
            level, entity = _entity(body["entity_type"], type, id)
        else:
            level, entity = await self._meant(caller, type, id)
        await self._filters.remove(caller, level, type, entity)
        return done("Event filter deleted")

    async def _meant(self, caller: Caller, type: str, id: str) -> tuple[str, str]:
        if id == SYSTEM + type:
            return "system", ""
        found = await self._filters.all(caller, type=type, entity=id)
        if not found:
            raise missing("filter", f"{id} {type}")
        return found[0].level, id

    async def _list(
        self,
        caller: Caller,
        *,
        own: bool,
        event_type: str | None = None,
        entity_type: str | None = None,
        entity_id: str | None = None,
    ) -> dict[str, Any]:
        level = _level(entity_type) if entity_type else None
        found = [
            _told(one)
            for one in await self._filters.all(caller, own=own, level=level, type=event_type)
            if entity_id in (None, _told(one)["entity_id"])
        ]
        return {**done(f"{len(found)} found"), "event_filters": found}

    async def _set(
        self, caller: Caller, body: Mapping[str, Any], new: bool | None
    ) -> dict[str, Any]:
        type = body["event_type"]
        level, entity = _entity(body["entity_type"], type, body["entity_id"])
        routes = frozenset(body.get("enabled_for_integrations", ()))
        wanted = Filter(level, type, entity, body["enabled"], routes)
        await self._filters.set(caller, wanted, new=new)
        known = {*self._routes.found.settings.routes, *await self._routes.names()}
        unknown = await self._filters.unknown(wanted, known)
        note = f"; there is no integration {', '.join(unknown)} (yet)" if unknown else ""
        return done(f"Event filter set{note}")

    async def _integration(self, caller: Caller, name: str) -> ManagedRoute:
        route, _ = await self._routes.one(caller, name)
        if route.form != "integration":
            raise missing("webhook integration", name)
        return route

    def _wish(self, body: Mapping[str, Any]) -> Wish:
        endpoint = body["endpoint_name"]
        return Wish(
            name=body["service_name"],
            sink=self._sink(endpoint),
            options={"sources": self._sources},
            paused=not body["integration_enabled"],
            form="integration",
            strict=True,
            endpoint=endpoint,
        )

    def _sink(self, endpoint: str) -> str:
        """The sink of an endpoint: a profile of the configuration, or a sink that needs none."""
        profiles = self._routes.found.settings.endpoints
        if endpoint in profiles:
            return profiles[endpoint].sink
        free = sorted(s.name for s in self._routes.sinks() if s.configured and not s.error)
        if endpoint in free:
            return endpoint
        known = sorted({*profiles, *free})
        raise wrong(f"no endpoint {endpoint!r}; {nearest_of(endpoint, known, 'endpoints:')}")


def _shown(route: ManagedRoute, paused: bool) -> dict[str, Any]:
    return {
        "service_name": route.name,
        "endpoint_name": route.endpoint,
        "integration_enabled": not paused,
    }


def _told(one: Filter) -> dict[str, Any]:
    return {
        "event_type": one.type,
        "entity_id": one.entity or SYSTEM + one.type,
        "entity_type": one.level.capitalize(),
        "enabled": one.enabled,
        "enabled_for_integrations": sorted(one.routes),
    }


def _level(entity_type: str) -> str:
    level = entity_type.lower()
    if level not in FILTER_LEVELS:
        raise wrong(f"entity_type {entity_type!r} is none of System, User, Node")
    return level


def _entity(entity_type: str, type: str, id: str) -> tuple[str, str]:
    """The level, and whose filter it is. Raises Refused for an id that is not of the level."""
    level = _level(entity_type)
    if level != "system":
        if id.startswith(SYSTEM):
            raise wrong(f"entity_id {id!r} is of the System level")
        return level, id
    if id != SYSTEM + type:
        raise wrong(f"entity_id must be {SYSTEM + type!r} at the System level")
    return level, ""
