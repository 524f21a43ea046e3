"""The routes of a configuration.

Must not know: how a route is run, HTTP, the command line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from receiver import backoff
from receiver.backoff import Schedule
from receiver.backstage.transforms import transforms
from receiver.breaker import Limits
from receiver.catalogue import Catalogue
from receiver.dispatch import Route, examine
from receiver.errors import ConfigError, PluginError
from receiver.plugins import Plugin, SettingError, anchored, autoroute, bind, check
from receiver.secrets import sink_settings
from receiver.settings import Configuration, RetrySettings, RouteSettings, nearest_of


def routes(
    found: Configuration,
    catalogue: Catalogue,
    plugins: Mapping[str, Plugin],
    environ: Mapping[str, str],
) -> list[Route]:
    """The configured routes; where there are none, one for every sink that needs no settings.

    Raises ConfigError with every file of the plugins folder that is no usable plugin, and every
    configured route that cannot be used: no such sink, settings that do not resolve or that the
    sink does not take.
    """
    wrong = unusable(catalogue, importable(found, plugins))
    used = {route.sink for route in found.settings.routes.values()}
    faults = [
        fault
        for name, fault in wrong.items()
        if plugins[name].from_folder and name not in used  # a route tells its sink's fault itself
    ]
    made: list[Route] = []
    if found.settings.autoroute and not found.settings.routes:
        sound = {name: plugin for name, plugin in plugins.items() if name not in wrong}
        made = [
            Route(name=auto.name, plugin=auto.plugin, events=auto.events, sources=auto.sources)
            for auto in autoroute(sound, catalogue.contract)
        ]
    faults.extend(_misnamed(found))
    for name in found.settings.routes:
        try:
            route = _route(found, name, plugins, environ, catalogue.hookspecs)
            if route.isolation == "process":
                examine(route, catalogue.package)
            else:
                sink = bind(route.plugin, name, route.settings, catalogue.hookspecs)
                if sink.hooks == {"transform"}:
                    said = f"{route.plugin.name} is a transform, no sink; name it in `transforms`"
                    raise found.error(("routes", name, "sink"), said)
            made.append(route)
        except ConfigError as error:
            faults.extend(error.problems)
        except SettingError as error:
            inside = ("settings", *error.path) if error.path else ()
            faults.extend(found.error(("routes", name, *inside), str(error)).problems)
        except PluginError as error:
            faults.extend(found.error(("routes", name), str(error)).problems)
    if faults:
        raise ConfigError(*faults)
    return made


def _misnamed(found: Configuration) -> list[str]:
    """What is wrong with the names that routes say they had."""
    given = found.settings.routes
    heirs: dict[str, str] = {}
    faults: list[str] = []
    for name, route in given.items():
        if route.was is None:
            continue
        other = heirs.setdefault(route.was, name)
        if route.was in given:
            said = f"there is a route {route.was!r}; a route goes on from one that is there no more"
        elif other != name:
            said = f"route {other!r} was {route.was!r} too; one of them goes on from there"
        else:
            continue
        faults.extend(found.error(("routes", name, "was"), said).problems)
    return faults


def importable(found: Configuration, plugins: Mapping[str, Plugin]) -> dict[str, Plugin]:
    """The plugins that may be imported here: not those that run apart, which may crash by it."""
    apart = {route.sink for route in found.settings.routes.values() if route.isolation == "process"}
    return {name: plugin for name, plugin in plugins.items() if name not in apart}


def unusable(catalogue: Catalogue, plugins: Mapping[str, Plugin]) -> dict[str, str]:
    """By plugin, why it could serve no route at all: broken, or hooks that do not exist."""
    wrong: dict[str, str] = {}
    for name, plugin in plugins.items():
        try:
            check(plugin, catalogue.hookspecs)
        except PluginError as error:
            wrong[name] = str(error)
    return wrong


def _route(
    found: Configuration,
    name: str,
    plugins: Mapping[str, Plugin],
    environ: Mapping[str, str],
    hookspecs: ModuleType,
) -> Route:
    given = found.settings.routes[name]
    if given.sink not in plugins:
        advice = nearest_of(given.sink, sorted(plugins), "installed:")
        raise found.error(
            ("routes", name, "sink"), f"no sink {given.sink!r} is installed; {advice}"
        )
    settings = sink_settings(found, name, environ)
    route = assembled(name, given, plugins[given.sink], settings, found.base)
    return replace(route, transforms=transforms(found, name, plugins, environ, hookspecs))


def assembled(
    name: str, given: RouteSettings, plugin: Plugin, settings: Mapping[str, Any], base: Path
) -> Route:
    """A route of what its table says, with the sink's settings resolved.

    `base` is the folder that relative paths in them count from. Raises PluginError.
    """
    apart = given.isolation == "process"  # then its code is not imported here, not even to look
    return Route(
        name=name,
        plugin=plugin,
        settings=settings if apart else anchored(plugin, settings, base),
        base=base if apart else None,
        events=given.events,
        sources=given.sources,
        nodes=given.nodes,
        users=given.users,
        start=given.start,
        ordered=given.ordered,
        concurrency=given.concurrency,
        was=given.was,
        rate=given.rate,
        batch=given.batch.size,
        batch_wait=given.batch.wait,
        deadline=given.deadline,
        schedule=_schedule(given.retry),
        breaker=Limits(**given.breaker.model_dump()),
        max_exceptions=given.max_exceptions,
        isolation=given.isolation,
        memory=given.memory,
    )


def _schedule(retry: RetrySettings | None) -> Schedule:
    if retry is None:
        return backoff.DEFAULT
    schedule = backoff.DEFAULT
    if retry.schedule is not None:
        schedule = backoff.listed(retry.schedule)
    elif retry.first is not None:
        assert retry.factor is not None
        assert retry.cap is not None
        assert retry.attempts is not None
        schedule = backoff.growing(retry.first, retry.factor, retry.cap, retry.attempts)
    return replace(schedule, max_age=retry.max_age)
