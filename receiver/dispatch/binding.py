"""The sink of a route, in this process or in one of its own.

Must not know: how it is called.
"""

from __future__ import annotations

import asyncio
import random as chance
import threading
from collections.abc import Callable
from contextlib import suppress

from receiver.dispatch.isolated import IsolatedSink
from receiver.dispatch.outcome import Foreign
from receiver.dispatch.route import Catalogue, Route
from receiver.dispatch.transforming import Step
from receiver.errors import PluginError
from receiver.plugins import BoundSink, bind

AnySink = BoundSink | IsolatedSink


def sink_of(
    route: Route,
    catalogue: Catalogue,
    *,
    random: Callable[[], float],
    trouble: Callable[[str], None],
) -> AnySink:
    """The sink of a route. Raises PluginError."""
    if route.isolation == "process":
        return IsolatedSink(route, catalogue.package, random=random, trouble=trouble)
    return bind(route.plugin, route.name, route.settings, catalogue.hookspecs)


def bound(route: Route, catalogue: Catalogue) -> list[BoundSink]:
    """The transforms of a route, in order. Raises PluginError for a plugin that is none."""
    found = []
    for each in route.transforms:
        made = bind(each.plugin, route.name, each.settings, catalogue.hookspecs)
        if made.transform is None:
            raise PluginError(f"route {route.name}: {each.plugin.name} has no hook `transform`")
        found.append(made)
    return found


def steps(route: Route, transforms: list[BoundSink]) -> list[Step]:
    """How those of `bound` are called."""
    return [
        Step(each.name, made.transform)
        for each, made in zip(route.transforms, transforms, strict=True)
        if made.transform is not None
    ]


def examine(route: Route, package: str) -> None:
    """Find out, in a process of its own, whether a plugin can be the sink of an isolated route.

    Blocks for the time that takes; nothing of the plugin is imported here. Raises PluginError where
    it cannot; what kills that process is not told here, for it may go better when the route runs.
    """
    faults: list[PluginError] = []

    def ask() -> None:
        try:
            asyncio.run(_ask(route, package))
        except PluginError as error:
            faults.append(error)

    asking = threading.Thread(target=ask, name=f"route {route.name}")
    asking.start()
    asking.join()
    if faults:
        raise faults[0]


async def _ask(route: Route, package: str) -> None:
    sink = IsolatedSink(route, package, random=chance.random, trouble=lambda _said: None)
    try:
        with suppress(Foreign, TimeoutError):
            async with asyncio.timeout(sink.starting):
                await sink.bind()
    finally:
        await sink.release()
