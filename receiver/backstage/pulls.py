"""The pulls of a configuration.

Must not know: how a pull is run, HTTP, the command line.
"""

from __future__ import annotations

from collections.abc import Mapping

from receiver.contract import Contract
from receiver.errors import ConfigError, PluginError
from receiver.plugins import whole
from receiver.secrets import pull_settings
from receiver.settings import Configuration, KeyPath, nearest_of
from receiver.transports import Brought, FaultySetting, Pull, made, operation_for


def pulls(
    found: Configuration,
    contract: Contract,
    transports: Mapping[str, Brought],
    environ: Mapping[str, str],
) -> list[Pull]:
    """Every `[sources.SOURCE.pull.NAME]`, its transport made once to see that it can be.

    Raises ConfigError with each that cannot be used: no such transport or operation, settings that
    do not resolve or that the transport does not take.
    """
    faults: list[str] = []
    chosen: list[Pull] = []
    for source, given in found.settings.sources.items():
        for name in given.pull:
            try:
                chosen.append(_pull(found, contract, transports, environ, source, name))
            except ConfigError as error:
                faults.extend(error.problems)
    if faults:
        raise ConfigError(*faults)
    return chosen


def _pull(
    found: Configuration,
    contract: Contract,
    transports: Mapping[str, Brought],
    environ: Mapping[str, str],
    source: str,
    name: str,
) -> Pull:
    given = found.settings.sources[source].pull[name]
    path: KeyPath = ("sources", source, "pull", name)
    if given.transport not in transports:
        advice = nearest_of(given.transport, sorted(transports), "installed:")
        fault = f"no transport {given.transport!r} is installed; {advice}"
        raise found.error((*path, "transport"), fault)
    try:
        operation_for(contract, source, given.operation)
    except LookupError as error:
        where = (*path, "operation") if given.operation else path
        raise found.error(where, str(error.args[0])) from None
    brought = transports[given.transport]
    settings = pull_settings(found, source, name, environ)
    try:
        pull = Pull(
            source=source,
            name=name,
            transport=brought,
            settings=whole(brought.load().Settings, settings, found.base),
            operation=given.operation,
            deadline=given.deadline,
        )
        made(pull)
    except FaultySetting as error:
        raise found.error((*path, *error.path), str(error)) from None
    except PluginError as error:
        raise found.error((*path, "transport"), str(error)) from None
    return pull
