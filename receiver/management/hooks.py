"""The dialect of users' hooks: services with settings, topics, and hooks that bind the two.

Its words are those of the platform whose users manage hooks so (SolarUser Event Hook API; wire
formats 3.3). A hook is a route that its user owns: it gets the events of that user only.
Must not know: how requests arrive.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from receiver import antpatterns
from receiver.contract import Contract, EventType, Service, Source
from receiver.decisions import Book, Hook, ManagedRoute, Seal, User
from receiver.management.caller import Caller, missing, wrong
from receiver.management.dialects import data
from receiver.management.routes import Routes, Wish
from receiver.management.specifiers import ENGLISH, Form, Specifier, form
from receiver.patterns import literal

PREFIX = "hook-"
_KINDS = {
    "text": "TextFieldSettingSpecifier",
    "toggle": "ToggleSettingSpecifier",
    "choice": "MultiValueSettingSpecifier",
}


class UserHooks:
    """The operations of the dialect."""

    def __init__(self, contract: Contract, routes: Routes, book: Book, seal: Seal) -> None:
        self._routes = routes
        self._book = book
        self._seal = seal
        self._sources = [source for source in contract.sources.values() if source.hooks]
        self._topics = [
            event for event in contract.events if contract.sources[event.source].hooks is not None
        ]

    async def list_services(self, caller: Caller, accept_language: str = "") -> dict[str, Any]:
        """Every service that a hook may name, as a form in the caller's language."""
        return data(
            [
                self._localized(service, source, form(sink, accept_language))
                for service, source in self._services()
                for sink in [self._routes.sink(service.sink)]
            ]
        )

    async def list_topics(self, caller: Caller) -> dict[str, Any]:
        """Every topic that a hook may name."""
        return data(
            [
                {
                    "id": topic.name,
                    "locale": ENGLISH,
                    "localizedName": topic.summary,
                    "localizedDescription": topic.description,
                }
                for topic in self._topics
            ]
        )

    async def list_hooks(self, caller: Caller) -> dict[str, Any]:
        """The caller's hooks."""
        return data([await self._shown(route) for route in await self._own(caller)])

    async def view_hook(self, caller: Caller, id: int) -> dict[str, Any]:
        """One of them."""
        return data(await self._shown(await self._hook(caller, id)))

    async def save_hook(self, caller: Caller, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make a hook, or have the one of that id be as this one says, whole."""
        if body.get("id") is not None:
            before = await self._hook(caller, body["id"])
            wish = self._wish(caller, body, body["id"], before.owner or caller.name)
            return data(await self._shown(await self._routes.replace(caller, wish)))
        id = await self._book.revision() + 1
        wish = self._wish(caller, body, id, caller.name)
        return data(await self._shown(await self._routes.create(caller, wish)))

    async def delete_hook(self, caller: Caller, id: int) -> dict[str, Any]:
        """Remove one of them."""
        route = await self._hook(caller, id)
        await self._routes.remove(caller, route.name)
        return {"success": True}

    async def _own(self, caller: Caller) -> list[ManagedRoute]:
        """The caller's own; those of everybody for a superadmin."""
        return [
            route
            for route in await self._routes.all(caller)
            if route.hook is not None and (caller.super or route.owner == caller.name)
        ]

    async def _hook(self, caller: Caller, id: int) -> ManagedRoute:
        for route in await self._own(caller):
            if route.hook is not None and route.hook.id == id:
                return route
        raise missing("hook", str(id))

    def _services(self) -> Iterator[tuple[Service, Source]]:
        """The platform's services that a sink stands for, then the sinks that stand for none."""
        installed = {sink.name for sink in self._routes.sinks() if not sink.error}
        allowed = installed & set(self._routes.found.settings.management.services)
        for source in self._sources:
            assert source.hooks is not None
            standing = {service.sink for service in source.hooks.services}
            for service in source.hooks.services:
                if service.sink in allowed:
                    yield service, source
            for name in sorted(allowed - standing):
                yield Service(name, name, {}), source

    def _service(self, id: str) -> Service:
        for service, _ in self._services():
            if service.id == id:
                return service
        raise wrong(f"there is no service {id!r}")

    def _topic(self, name: str) -> EventType:
        for topic in self._topics:
            if topic.name == name:
                return topic
        raise wrong(f"there is no topic {name!r}")

    def _wish(self, caller: Caller, body: Mapping[str, Any], id: int, owner: str) -> Wish:
        service = self._service(body["serviceIdentifier"])
        topic = self._topic(body["topic"])
        nodes, sources = body.get("nodeIds") or None, body.get("sourceIds") or None
        faults = [fault for one in sources or () if (fault := antpatterns.fault(one))]
        if faults:
            raise wrong(faults[0])
        settings = _translated(service, body.get("serviceProperties") or {})
        options: dict[str, Any] = {"sources": [topic.source], "events": [literal(topic.name)]}
        if nodes:
            options["nodes"] = [str(node) for node in nodes]
        return Wish(
            name=f"{PREFIX}{id}",
            sink=service.sink,
            settings=settings,
            needs=service.settings.values(),
            options=options,
            form="hook",
            owner=owner,
            hook=Hook(
                id=id,
                title=body["name"],
                topic=topic.name,
                service=service.id,
                nodes=tuple(nodes) if nodes else None,
                sources=tuple(sources) if sources else None,
            ),
        )

    async def _shown(self, route: ManagedRoute) -> dict[str, Any]:
        hook = route.hook
        assert hook is not None
        owner = await self._book.user(route.owner or "")
        return {
            "id": hook.id,
            **_user_id(owner),
            "created": f"{route.created:%Y-%m-%d %H:%M:%S}.{route.created.microsecond:06}Z",
            "name": hook.title,
            "topic": hook.topic,
            **({"nodeIds": list(hook.nodes)} if hook.nodes else {}),
            **({"sourceIds": list(hook.sources)} if hook.sources else {}),
            "serviceIdentifier": hook.service,
            "serviceProperties": self._properties(route),
        }

    def _properties(self, route: ManagedRoute) -> dict[str, Any]:
        """The settings by the service's own names; a secret as its digest."""
        assert route.hook is not None
        known = {service.id: service for service, _ in self._services()}
        service = known.get(route.hook.service)  # None: its sink is not offered any more
        names = {ours: theirs for theirs, ours in service.settings.items()} if service else {}
        found = {**route.settings, **dict.fromkeys(route.sealed)}
        opened = route.opened(self._seal) if route.sealed else {}
        return {
            names.get(key, key): digest(str(opened[key])) if key in route.sealed else value
            for key, value in found.items()
        }

    def _localized(self, service: Service, source: Source, drawn: Form) -> dict[str, Any]:
        assert source.hooks is not None
        names = {ours: theirs for theirs, ours in service.settings.items()}
        shown = [one for one in drawn.specifiers if not names or one.key in names]
        messages: dict[str, str] = {}
        for one in shown:
            key = names.get(one.key, one.key)
            messages |= {f"{key}.key": one.title, f"{key}.desc": one.description}
        return {
            "id": service.id,
            "locale": drawn.locale,
            "localizedName": drawn.title,
            "localizedDescription": drawn.description,
            "settingSpecifiers": [
                _specified(one, names.get(one.key, one.key), source.hooks.specifiers)
                for one in shown
            ],
            "localizedInfoMessages": messages,
        }


def _translated(service: Service, given: Mapping[str, Any]) -> dict[str, Any]:
    """A service's settings by the sink's names. Raises Refused for what it does not have."""
    if not service.settings:
        return dict(given)
    unknown = sorted(set(given) - set(service.settings))
    if unknown:
        raise wrong(f"the service has no setting {unknown[0]}")
    return {service.settings[key]: value for key, value in given.items()}


def digest(secret: str, salt: bytes | None = None) -> str:
    """A secret as it is shown: `{SSHA-256}`, then SHA-256 of it and 8 random bytes, and those."""
    salt = secrets.token_bytes(8) if salt is None else salt
    found = hashlib.sha256(secret.encode() + salt).digest()
    return "{SSHA-256}" + base64.b64encode(found + salt).decode("ascii")


def _specified(one: Specifier, key: str, prefix: str) -> dict[str, Any]:
    default = "" if one.default is None else one.default
    found: dict[str, Any] = {
        "key": key,
        "defaultValue": str(default).lower() if isinstance(default, bool) else str(default),
        "secureTextEntry": one.secret,
        "transient": False,
        "type": prefix + _KINDS[one.kind],
    }
    return {**found, "valueTitles": {c: c for c in one.choices}} if one.choices else found


def _user_id(owner: User | None) -> dict[str, Any]:
    """The owner's id, which is a number in this dialect."""
    return {"userId": int(owner.id)} if owner and owner.id.isdigit() else {}
