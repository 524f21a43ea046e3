"""The routes of a configuration.

Must not know: how a route is run, HTTP, the command line.
"""

from __future__ import annotations

from collections.abc import Mapping

from receiver import backoff
from receiver.backoff import Schedule
from receiver.catalogue import Catalogue
from receiver.dispatch import Route
from receiver.errors import ConfigError, PluginError
from receiver.plugins import Plugin, anchored, autoroute, bind
from receiver.secrets import sink_settings
from receiver.settings import Configuration, RetrySettings, nearest_of


def routes(
    found: Configuration,
    catalogue: Catalogue,
    plugins: Mapping[str, Plugin],
    environ: Mapping[str, str],
) -> list[Route]:
    """The configured routes; where there are none, one for every sink that needs no settings.

    Raises ConfigError with every configured route that cannot be used: no such sink, settings that
    do not resolve or that the sink does not take.
    """
    if not found.settings.routes:
        chosen = autoroute(plugins, catalogue.contract) if found.settings.autoroute else []
        return [
            Route(name=auto.name, plugin=auto.plugin, events=auto.events, sources=auto.sources)
            for auto in chosen
        ]
    made: list[Route] = []
    faults: list[str] = []
    for name in found.settings.routes:
        try:
            route = _route(found, name, plugins, environ)
            bind(route.plugin, name, route.settings, catalogue.hookspecs)
            made.append(route)
        except ConfigError as error:
            faults.extend(error.problems)
        except PluginError as error:
            faults.extend(found.error(("routes", name), str(error)).problems)
    if faults:
        raise ConfigError(*faults)
    return made


def _route(
    found: Configuration, name: str, plugins: Mapping[str, Plugin], environ: Mapping[str, str]
) -> Route:
    given = found.settings.routes[name]
    if given.sink not in plugins:
        advice = nearest_of(given.sink, sorted(plugins), "installed:")
        raise found.error(
            ("routes", name, "sink"), f"no sink {given.sink!r} is installed; {advice}"
        )
    plugin = plugins[given.sink]
    return Route(
        name=name,
        plugin=plugin,
        settings=anchored(plugin, sink_settings(found, name, environ), found.base),
        events=given.events,
        sources=given.sources,
        nodes=given.nodes,
        users=given.users,
        start=given.start,
        ordered=given.ordered,
        concurrency=given.concurrency,
        batch=given.batch,
        batch_wait=given.batch_wait,
        deadline=given.deadline,
        schedule=_schedule(given.retry),
        max_exceptions=given.max_exceptions,
    )


def _schedule(retry: RetrySettings | None) -> Schedule:
    if retry is None:
        return backoff.DEFAULT
    if retry.schedule is not None:
        return backoff.listed(retry.schedule)
    assert retry.first is not None
    assert retry.factor is not None
    assert retry.cap is not None
    assert retry.attempts is not None
    return backoff.growing(retry.first, retry.factor, retry.cap, retry.attempts)
