"""Which routes there are when nobody configured any: installed is enough to try.

Must not know: the inbox, how a route is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from receiver.contract import Contract
from receiver.patterns import literal
from receiver.plugins.description import describe
from receiver.plugins.discovery import Plugin


@dataclass(frozen=True, slots=True)
class AutoRoute:
    """A route for one plugin, named like it, over the event types that it implements."""

    name: str
    plugin: Plugin
    events: tuple[str, ...]
    """Patterns over event types."""
    sources: tuple[str, ...] = ("*",)


def autoroute(plugins: Mapping[str, Plugin], contract: Contract) -> list[AutoRoute]:
    """A route for every plugin that needs no settings; broken plugins get none."""
    routes = []
    for plugin in plugins.values():
        described = describe(plugin)
        sink = set(described.hooks) != {"transform"}
        if sink and described.error is None and described.configured:
            events, sources = _implemented(described.hooks, contract)
            routes.append(AutoRoute(plugin.name, plugin, events, sources))
    return routes


def _implemented(
    hooks: tuple[str, ...], contract: Contract
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Patterns over event types and over sources.

    Everything, too, for a plugin of unknown hooks only: binding it tells which are misspelt.
    """
    types = [contract.hooks[hook] for hook in hooks if hook in contract.hooks]
    if not types or {"on_event", "on_batch"} & set(hooks):
        return ("*",), ("*",)
    return (
        tuple(dict.fromkeys(literal(event.name) for event in types)),
        tuple(dict.fromkeys(literal(event.source) for event in types)),
    )
