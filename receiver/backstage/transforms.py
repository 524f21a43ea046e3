"""The transforms that a route of the configuration names.

Must not know: how they are called.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from receiver.dispatch import Transform
from receiver.plugins import Plugin, SettingError, anchored, bind
from receiver.secrets import transform_settings
from receiver.settings import Configuration, nearest_of


def transforms(
    found: Configuration,
    route: str,
    plugins: Mapping[str, Plugin],
    environ: Mapping[str, str],
    hookspecs: ModuleType,
) -> tuple[Transform, ...]:
    """In the order in which they are named. Raises ConfigError and PluginError."""
    chain = []
    for name in found.settings.routes[route].transforms:
        made = _transform(found, route, name, plugins, environ)
        try:
            bound = bind(made.plugin, route, made.settings, hookspecs)
        except SettingError as error:
            raise found.error(("transforms", name, "settings", *error.path), str(error)) from None
        if bound.transform is None:
            said = f"{made.plugin.name} is no transform: it has no hook `transform`"
            raise found.error(("routes", route, "transforms"), said)
        chain.append(made)
    return tuple(chain)


def _transform(
    found: Configuration,
    route: str,
    name: str,
    plugins: Mapping[str, Plugin],
    environ: Mapping[str, str],
) -> Transform:
    table = found.settings.transforms.get(name)
    called = name if table is None else table.plugin or name
    if called not in plugins:
        known = sorted({*plugins, *found.settings.transforms})
        of_route = table is None or table.plugin is None
        where = ("routes", route, "transforms") if of_route else ("transforms", name, "plugin")
        advice = nearest_of(called, known, "there are:")
        raise found.error(where, f"no transform {called!r} is installed; {advice}")
    settings = {} if table is None else transform_settings(found, name, environ)
    plugin = plugins[called]
    return Transform(name=name, plugin=plugin, settings=anchored(plugin, settings, found.base))
