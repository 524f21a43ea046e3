"""The native dialect: routes, sinks and filters.

Must not know: how requests arrive.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from receiver.decisions import ManagedRoute
from receiver.event import rfc3339
from receiver.filters import Filter
from receiver.inbox.registry import Audited
from receiver.management.caller import Caller
from receiver.management.filters import FilterBook
from receiver.management.routes import OPTIONS, Routes, Wish
from receiver.management.specifiers import Specifier, form
from receiver.settings import RouteSettings

CONFIGURATION, API = "configuration", "api"

Probe = Callable[[str, str | None], Awaitable[dict[str, Any]]]
"""Delivers a sample event (of a type, or any that is wanted) to a route; what came of it."""


class Native:
    """The operations on routes, sinks and filters."""

    def __init__(self, routes: Routes, filters: FilterBook, probe: Probe) -> None:
        self._probe = probe
        self._routes = routes
        self._filters = filters

    async def list_routes(self, caller: Caller) -> dict[str, Any]:
        """Configured routes (for operators), then those of the API."""
        configured = self._routes.found.settings.routes if caller.operator else {}
        found = [_configured(name, route) for name, route in configured.items()]
        found += [shown(route) for route in await self._routes.all(caller)]
        return {"routes": [await self._flowing(route) for route in found]}

    async def create_route(self, caller: Caller, body: Mapping[str, Any]) -> tuple[Any, int]:
        """Make a route."""
        start = body.get("from", "end")
        made = await self._routes.create(caller, _wish(body["name"], body), start)
        return await self._flowing(shown(made)), 201

    async def view_route(self, caller: Caller, name: str) -> dict[str, Any]:
        """One route."""
        configured = self._routes.found.settings.routes
        if name in configured and caller.operator:
            return await self._flowing(_configured(name, configured[name]))
        route, version = await self._routes.one(caller, name)
        return {**await self._flowing(shown(route)), "version": version}

    async def replace_route(
        self, caller: Caller, name: str, body: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Have a route be as the body says, whole; secrets that it leaves out stay."""
        before, _ = await self._routes.one(caller, name)
        wish = _wish(name, body, before)
        changed = await self._routes.replace(caller, wish, body.get("version"))
        return await self._flowing(shown(changed))

    async def delete_route(self, caller: Caller, name: str) -> tuple[None, int]:
        """Remove a route."""
        await self._routes.remove(caller, name)
        return None, 204

    async def pause_route(self, caller: Caller, name: str) -> dict[str, Any]:
        """Have a route wait."""
        await self._routes.steer(caller, name, True)
        return await self.view_route(caller, name)

    async def resume_route(self, caller: Caller, name: str) -> dict[str, Any]:
        """Have a route go on."""
        await self._routes.steer(caller, name, False)
        return await self.view_route(caller, name)

    async def _flowing(self, route: dict[str, Any]) -> dict[str, Any]:
        return {**route, "paused": await self._routes.paused(route["name"])}

    async def test_route(
        self, caller: Caller, name: str, type: str | None = None
    ) -> dict[str, Any]:
        """Deliver one sample event now."""
        if name not in self._routes.found.settings.routes:
            await self._routes.one(caller, name)
        return await self._probe(name, type)

    async def list_sinks(self, caller: Caller, accept_language: str = "") -> dict[str, Any]:
        """Every installed sink, and the form of its settings."""
        forms = [form(sink, accept_language) for sink in self._routes.sinks() if not sink.error]
        return {
            "sinks": [
                {
                    "name": one.sink,
                    "locale": one.locale,
                    "title": one.title,
                    "description": one.description,
                    "settings": [_specified(setting) for setting in one.specifiers],
                }
                for one in forms
            ]
        }

    async def list_filters(
        self,
        caller: Caller,
        level: str | None = None,
        type: str | None = None,
        entity: str | None = None,
    ) -> dict[str, Any]:
        """The filters that the caller may see."""
        found = await self._filters.all(caller, level=level, type=type, entity=entity)
        return {"filters": [_filter(one) for one in found]}

    async def set_filter(self, caller: Caller, body: Mapping[str, Any]) -> dict[str, Any]:
        """Keep a filter."""
        routes = frozenset(body.get("routes", ()))
        entity = body.get("entity", "")
        wanted = Filter(body["level"], body["type"], entity, body["enabled"], routes)
        return _filter(await self._filters.set(caller, wanted))

    async def delete_filter(
        self, caller: Caller, level: str, type: str, entity: str = ""
    ) -> tuple[None, int]:
        """Remove a filter."""
        await self._filters.remove(caller, level, type, entity)
        return None, 204

    async def test_filters(self, caller: Caller, body: Mapping[str, Any]) -> dict[str, Any]:
        """What the filters would make of an event, on every route that the caller may see."""
        configured = self._routes.found.settings.routes if caller.operator else {}
        routes = [(name, False) for name in configured]
        routes += [(one.name, one.strict) for one in await self._routes.all(caller)]
        tested = await self._filters.test(routes, body["type"], body.get("user"), body.get("node"))
        return {
            "decisions": [
                {
                    "route": name,
                    "delivered": decision.delivered,
                    "filter": decision.filter and decision.filter.name,
                    "why": decision.why,
                }
                for name, decision in tested
            ]
        }


def shown(route: ManagedRoute) -> dict[str, Any]:
    """A route of the API without its secrets, whose names are told."""
    return {
        "name": route.name,
        "sink": route.sink,
        "origin": API,
        "form": route.form,
        "settings": route.settings,
        "secrets": sorted(route.sealed),
        "options": route.options,
        "strict": route.strict,
        **({"owner": route.owner} if route.owner else {}),
        **({"endpoint": route.endpoint} if route.endpoint else {}),
        "created": rfc3339(route.created),
    }


def audited(entry: Audited) -> dict[str, Any]:
    """One entry of the trail."""
    return {
        "number": entry.number,
        "at": rfc3339(entry.at),
        "who": entry.who,
        "action": entry.action,
        "kind": entry.kind,
        "name": entry.name,
        "before": entry.before and json.loads(entry.before),
        "after": entry.after and json.loads(entry.after),
    }


def _configured(name: str, route: RouteSettings) -> dict[str, Any]:
    """A route of the file: read-only, and its settings stay there."""
    options = route.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {
        "name": name,
        "sink": route.sink,
        "origin": CONFIGURATION,
        "form": "route",
        "settings": {},
        "secrets": [],
        "options": {key: value for key, value in options.items() if key in OPTIONS},
        "strict": False,
    }


def _wish(name: str, body: Mapping[str, Any], before: ManagedRoute | None = None) -> Wish:
    return Wish(
        name=name,
        sink=body["sink"],
        settings=body.get("settings", {}),
        options=body.get("options", {}),
        paused=body.get("paused"),
        strict=body.get("strict", False),
        form=before.form if before else "route",
        endpoint=before.endpoint if before and before.sink == body["sink"] else None,
        hook=before.hook if before else None,
    )


def _filter(one: Filter) -> dict[str, Any]:
    return {
        "level": one.level,
        "type": one.type,
        "entity": one.entity,
        "enabled": one.enabled,
        "routes": sorted(one.routes),
    }


def _specified(setting: Specifier) -> dict[str, Any]:
    return {
        "key": setting.key,
        "title": setting.title,
        "description": setting.description,
        "kind": setting.kind,
        "required": setting.required,
        "secret": setting.secret,
        "choices": list(setting.choices),
    }
