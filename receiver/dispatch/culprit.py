"""Whose code an exception came out of.

Must not know: what was to be done when it came.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from types import ModuleType

from receiver.dispatch.route import Route
from receiver.errors import PluginError


def culprit(error: BaseException, routes: Iterable[Route]) -> str | None:
    """The name of the plugin whose code the exception passed through; None where it was none's."""
    passed = {
        str(frame.f_globals.get("__name__")) for frame, _ in traceback.walk_tb(error.__traceback__)
    }
    for route in routes:
        home = _home(route)
        if any(module == home or module.startswith(f"{home}.") for module in passed):
            return route.plugin.name
    return None


def _home(route: Route) -> str:
    """The package of a plugin; of our own sinks, the module."""
    try:
        loaded = route.plugin.load()
    except PluginError:
        return ""
    name = loaded.__name__ if isinstance(loaded, ModuleType) else loaded.__module__
    return name if name.startswith("receiver.") else name.partition(".")[0]
