"""Routes that callers make, change and remove: checked as configured ones are, and kept.

Must not know: dialects, HTTP, how a route is run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from receiver.catalogue import Catalogue
from receiver.decisions import Book, Flow, Hook, ManagedRoute, Seal
from receiver.decisions.routes import OWN, sealed
from receiver.errors import PluginError
from receiver.inbox import Inbox, RouteStart
from receiver.inbox.registry import ConflictError
from receiver.management.caller import Caller, Refused, forbidden, missing, wrong
from receiver.management.specifiers import secret_keys
from receiver.plugins import Description, Plugin, bind, describe, path_settings
from receiver.settings import Configuration, RouteSettings, nearest_of, plain

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
DIGEST = re.compile(r"\{[A-Za-z]+-\d+\}.*", re.DOTALL)
"""What a secret looks like where it is shown as a digest: it stands for what is kept."""
OPTIONS = frozenset(
    field.alias or name for name, field in RouteSettings.model_fields.items() if name not in OWN
)
"""The keys of `[routes.NAME]` that a route of the API may have, too."""
OPERATORS = frozenset({"allow_private", "template"})
"""Settings that users without a further role may not give: the one opens the private network to
them, the other is a program: its sandbox bounds neither the memory nor the time that it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A route as a caller wants it."""

    name: str
    sink: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    needs: Collection[str] = ()
    """Settings that must be given, though the sink could do without."""
    options: Mapping[str, Any] = field(default_factory=dict)
    paused: bool | None = None
    """None: as it is."""
    form: Any = "route"
    strict: bool = False
    owner: str | None = None
    endpoint: str | None = None
    hook: Hook | None = None


class Routes:
    """The routes of the API beside those of the configuration."""

    def __init__(
        self,
        present: Callable[[], tuple[Configuration, Mapping[str, Plugin]]],
        catalogue: Catalogue,
        book: Book,
        seal: Seal,
        inbox: Inbox,
    ) -> None:
        self._present = present
        self._catalogue = catalogue
        self._book = book
        self._seal = seal
        self._inbox = inbox

    @property
    def found(self) -> Configuration:
        """The configuration of now."""
        return self._present()[0]

    @property
    def _plugins(self) -> Mapping[str, Plugin]:
        return self._present()[1]

    def sink(self, name: str) -> Description:
        """What there is to say of a sink. Raises Refused where there is none of that name."""
        if name not in self._plugins:
            advice = nearest_of(name, sorted(self._plugins), "installed:")
            raise wrong(f"no sink {name!r} is installed; {advice}")
        return describe(self._plugins[name])

    def sinks(self) -> list[Description]:
        """Every sink that is installed."""
        return [describe(plugin) for plugin in self._plugins.values()]

    async def all(self, caller: Caller) -> list[ManagedRoute]:
        """The routes that a caller may see: all of them, or their own."""
        return [one for one in await self._book.routes() if _sees(caller, one)]

    async def names(self) -> list[str]:
        """The names of all routes that were made by the API."""
        return [one.name for one in await self._book.routes()]

    async def one(self, caller: Caller, name: str) -> tuple[ManagedRoute, int]:
        """One of them, and its version. Raises Refused."""
        found = await self._book.route(name)
        if found is None or not _sees(caller, found[0]):
            raise missing("route", name)
        return found

    async def create(self, caller: Caller, wish: Wish, start: str = "end") -> ManagedRoute:
        """Make a route. It has its place in the inbox when this returns. Raises Refused."""
        if wish.name in self.found.settings.routes:
            raise Refused(409, f"a route {wish.name!r} stands in {self.found.label}")
        if await self._book.route(wish.name) is not None:
            raise Refused(409, f"there is a route {wish.name!r} already")
        began = _validated({"sink": wish.sink, "from": start}).start
        route = self._checked(caller, wish, None, start)
        await self._inbox.register([RouteStart(route=route.name, start=began)])
        if wish.paused:
            await self._inbox.steer(route.name, "paused", at=self._book.clock())
        await self._keep(caller, route, 0, f"create {route.form}")
        return route

    async def replace(self, caller: Caller, wish: Wish, expect: int | None = None) -> ManagedRoute:
        """Have a route be as it is wished now; secrets that are left out stay. Raises Refused."""
        before, version = await self.one(caller, wish.name)
        route = self._checked(caller, wish, before, before.start)
        await self._keep(caller, route, expect or version, f"change {route.form}")
        if wish.paused is not None:
            await self.steer(caller, wish.name, wish.paused)
        return route

    async def steer(self, caller: Caller, name: str, paused: bool) -> None:
        """Have a route wait, or go on; also one of the configuration. Raises Refused."""
        flow: Literal["running", "paused"] = "paused" if paused else "running"
        if name not in self.found.settings.routes:
            await self.one(caller, name)
        if await self.paused(name) == paused:
            return
        if not await self._inbox.steer(name, flow, at=self._book.clock()):
            raise Refused(409, f"the route {name!r} has not begun yet")
        asked = Flow(name=name, flow=flow)
        await self._book.put(asked, who=caller.name, action=f"have a route {flow}")

    async def paused(self, name: str) -> bool:
        """Whether a route waits."""
        flows = {one.route: one.flow for one in await self._inbox.flows()}
        return flows.get(name) == "paused"

    async def remove(self, caller: Caller, name: str) -> None:
        """Remove a route of the API. Raises Refused."""
        if name in self.found.settings.routes:
            raise Refused(409, f"the route {name!r} stands in {self.found.label}: remove it there")
        route, _ = await self.one(caller, name)
        action = f"remove {route.form}"
        await self._book.change([], gone=[route], who=caller.name, action=action)

    async def _keep(self, caller: Caller, route: ManagedRoute, expect: int, action: str) -> None:
        try:
            await self._book.put(route, who=caller.name, action=action, expect=expect)
        except ConflictError as conflict:
            raise Refused(409, str(conflict)) from None

    def _checked(
        self, caller: Caller, wish: Wish, before: ManagedRoute | None, start: str
    ) -> ManagedRoute:
        if not NAME.fullmatch(wish.name):
            raise wrong("a name has 1 to 64 letters, digits, '.', '_' and '-', first no sign")
        described = self.sink(wish.sink)
        if described.error:
            raise wrong(described.error)
        secret = secret_keys(described.settings)
        kept = before.sealed if before and before.sink == wish.sink else {}
        given, hidden = _parted(wish.settings, secret)
        hidden = {
            **{k: v for k, v in kept.items() if k not in hidden},
            **sealed(hidden, self._seal),
        }
        reserved = sorted(OPERATORS & set(given))
        if not caller.operator and reserved:
            raise forbidden(f"{reserved[0]} is for operators to set")
        files = sorted(path_settings(described.settings) & set(given))
        if not caller.operator and files:
            raise forbidden(f"{files[0]} names a file of this machine, for operators to set")
        lacking = [key for key in wish.needs if not {**given, **hidden}.get(key)]
        if lacking:
            raise wrong(f"the setting {lacking[0]} is needed")
        _refuse_references(wish.settings)
        self._options(wish)
        route = ManagedRoute(
            name=wish.name,
            sink=wish.sink,
            form=wish.form,
            settings=given,
            sealed=hidden,
            options=dict(wish.options),
            start=start,
            strict=wish.strict,
            owner=before.owner if before else wish.owner,
            endpoint=wish.endpoint,
            hook=wish.hook,
            created=before.created if before else self._book.clock(),
        )
        if wish.endpoint is None:
            self._try(route)
        return route

    def _try(self, route: ManagedRoute) -> None:
        """Raise Refused unless the sink can be made with the settings."""
        try:
            plugin = self._plugins[route.sink]
            bind(plugin, route.name, route.opened(self._seal), self._catalogue.hookspecs)
        except PluginError as error:
            raise wrong(str(error).partition("; add\n")[0]) from None

    def _options(self, wish: Wish) -> None:
        unknown = sorted(set(wish.options) - OPTIONS)
        if unknown:
            raise wrong(f"a route has no option {unknown[0]!r}")
        _validated({"sink": wish.sink, **wish.options})


def _validated(table: Mapping[str, Any]) -> RouteSettings:
    """What `[routes.NAME]` would be of such a table. Raises Refused."""
    try:
        return RouteSettings.model_validate(table)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        name = ".".join(map(str, fault["loc"]))
        raise wrong(f"{name}: {plain(fault['type'], fault['msg'], name)}") from None


def _sees(caller: Caller, route: ManagedRoute) -> bool:
    return caller.operator or route.owner == caller.name


def _parted(
    settings: Mapping[str, Any], secret: frozenset[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings that may be shown, and those that are secret and given anew."""
    plain_ones = {key: value for key, value in settings.items() if key not in secret}
    hidden = {
        key: value
        for key, value in settings.items()
        if key in secret
        and value not in (None, "")
        and not (isinstance(value, str) and DIGEST.fullmatch(value))
    }
    return plain_ones, hidden


def _refuse_references(settings: Any) -> None:
    """Raise Refused for values that would read this machine's files or variables in a file."""
    if isinstance(settings, str):
        if settings.startswith(("env:", "file:")):
            raise wrong(
                "env: and file: mean something in receiver.toml only; send the value itself"
            )
    elif isinstance(settings, Mapping):
        for value in settings.values():
            _refuse_references(value)
    elif isinstance(settings, list):
        for value in settings:
            _refuse_references(value)
