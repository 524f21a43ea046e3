"""`receiver config`: is it right, and what is in force?

Must not know: what the settings are for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from receiver import masking
from receiver.cli import opening, options, output
from receiver.errors import ConfigError, PluginError, ReceiverError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from receiver.catalogue import Catalogue
    from receiver.contract import Contract
    from receiver.settings import Configuration, KeyPath, RouteSettings

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Look at the configuration.")

COLUMNS = ("key", "value", "from")
HIDDEN = "**********"


@app.command("check", short_help="Check everything; tell each problem with its line.")
def check(
    as_json: options.Json = False,
    config: options.Config = None,
    plugins_dir: options.PluginsDir = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Check everything: keys, contract, sources, secrets, sinks, each route's settings.

    Prints every problem as `file:line: [table] key: what is wrong` and exits 1 if there is one;
    what is allowed, but hardly meant, is a warning.

    \b
    Examples:
      receiver config check
      receiver config check --config /etc/receiver/receiver.toml
    """
    faults: list[str] = []
    warnings: list[str] = []
    found = _collect(
        faults,
        lambda: opening.configuration(config, plugins_dir=plugins_dir, store_dir=store_dir),
    )
    catalogue = found and _collect(faults, lambda: opening.catalogue(found))
    if found and catalogue:
        _collect(faults, lambda: _check_secrets(found, catalogue, warnings))
        _collect(faults, lambda: _check_routes(found, catalogue, warnings))
        _collect(faults, lambda: _check_pulls(found, catalogue))
    if as_json:
        output.structure({"right": not faults, "errors": faults, "warnings": warnings})
    else:
        for line in (*faults, *(f"warning: {warning}" for warning in warnings)):
            output.tell(line)
    if faults:
        raise typer.Exit(1)
    if not as_json:
        output.line(_verdict(found, catalogue))


def _verdict(found: Configuration, catalogue: Catalogue) -> str:
    contract, settings = catalogue.contract, found.settings
    count = output.count
    there = f"{found.label} is right:"
    if not Path(found.label).exists():
        rest = ", beside what options and variables set" if found.given else ""
        there = f"no {found.label} here: the defaults hold{rest};"
    return (
        f"{there} {count(len(contract.events), 'event type')} of "
        f"{count(len(contract.sources), 'source')}, {count(len(settings.sources), 'source')} "
        f"configured, {count(len(settings.routes), 'route')}"
    )


@app.command("show", short_help="Show every setting in force and who set it.")
def show(
    as_json: options.Json = False,
    config: options.Config = None,
    plugins_dir: options.PluginsDir = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Show every setting in force and who set it: a line, a variable, an option, or the default.

    Secrets are masked; `env:NAME` and `file:PATH` are shown as written.

    \b
    Examples:
      receiver config show
      RECEIVER_SERVER__GRACE=5 receiver config show --json
    """
    found = opening.configuration(config, plugins_dir=plugins_dir, store_dir=store_dir)
    rows = list(effective(found))
    if as_json:
        # JSON has no word for what has no end.
        told = ((key, "inf" if value == inf else value, who) for key, value, who in rows)
        output.structure([{"key": key, "value": value, "from": who} for key, value, who in told])
        return
    output.table(COLUMNS, rows)


@app.command("reference", hidden=True)
def reference() -> None:
    """Print docs/configuration.md, drawn from the settings themselves.

    \b
    Example:
      receiver config reference > docs/configuration.md
    """
    from receiver.codegen.configuration import render
    from receiver.settings import Settings

    output.line(render(Settings).rstrip("\n"))


def effective(found: Configuration) -> Iterator[tuple[str, Any, str]]:
    """(key, value, who set it) of every setting, defaults among them; secrets masked."""
    from receiver.settings import wording

    models = {**_models(found), **_pull_models(found)}
    for path, leaf in _leaves(found.settings.model_dump(by_alias=True), ()):
        plain = leaf.get_secret_value() if hasattr(leaf, "get_secret_value") else leaf
        value = leaf if plain is leaf and _harmless(models, path) else _masked(plain)
        shown = output.cell(value) if isinstance(value, list | tuple) else value
        yield wording(path), shown, found.origin(path)


def _leaves(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    inside: Any = None
    if isinstance(value, Mapping) and value:
        inside = value.items()
    elif isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
        inside = enumerate(value)
    if inside is None:
        yield path, None if isinstance(value, Mapping) else value
        return
    for key, item in inside:
        yield from _leaves(item, (*path, key))


def _models(found: Configuration) -> dict[KeyPath, type[BaseModel]]:
    """The model of each route's sink settings, where the sink is installed and has one."""
    from receiver.plugins import describe, discover

    if not found.settings.routes:
        return {}
    plugins = discover(found.plugins_dir)
    described = {
        ("routes", name, "settings"): describe(plugins[route.sink])
        for name, route in found.settings.routes.items()
        if route.sink in plugins
    }
    return {path: plugin.settings for path, plugin in described.items() if plugin.settings}


def _pull_models(found: Configuration) -> dict[KeyPath, type[BaseModel]]:
    """The model of each pull's own settings, where its transport is installed and sound."""
    from receiver.transports import discover

    models: dict[KeyPath, type[BaseModel]] = {}
    for source, given in found.settings.sources.items():
        transports = discover() if given.pull else {}
        for name, pull in given.pull.items():
            if pull.transport in transports:
                with suppress(PluginError):  # `config check` tells it
                    loaded = transports[pull.transport].load()
                    models["sources", source, "pull", name] = loaded.Settings
    return models


def _harmless(models: Mapping[KeyPath, type[BaseModel]], path: KeyPath) -> bool:
    """Whether a setting is one of Receiver's own, or of a plugin's and certain to be no secret."""
    own = path[:3] if path[0] == "routes" and path[2:3] == ("settings",) else ()
    if path[0] == "sources" and path[2:3] == ("pull",) and len(path) > 4:
        from receiver.settings import PullSettings

        own = () if path[4] in PullSettings.model_fields else path[:4]
    if not own:
        return True
    model = models.get(own)
    return model is not None and masking.showable(model, path[len(own) :])


def _masked(value: Any) -> Any:
    """A value that may be a secret, hidden; a reference to one as written."""
    if value is None or (isinstance(value, str) and value.startswith(("env:", "file:"))):
        return value
    return HIDDEN


def _collect(faults: list[str], work: Callable[[], Any]) -> Any:
    """What `work` returns; None when it fails, its problems being added to `faults`."""
    try:
        return work()
    except ConfigError as error:
        faults.extend(error.problems)
    except ReceiverError as error:
        faults.append(str(error))
    return None


def _check_secrets(found: Configuration, catalogue: Catalogue, warnings: list[str]) -> None:
    from receiver import keptsecrets
    from receiver.secrets import SHORT, keyring, short

    kept = keptsecrets.read(found.store_path.parent)
    keys = keyring(found, catalogue.contract, os.environ, kept)
    for name in found.settings.sources:
        for path in short(keys, name):
            fault = f"has fewer than {SHORT} bytes and can be guessed; make it longer"
            warnings.extend(found.error(path, fault).problems)


def _check_routes(found: Configuration, catalogue: Catalogue, warnings: list[str]) -> None:
    from receiver import backstage

    plugins = opening.plugins(found)
    for name, route in found.settings.routes.items():
        for key, pattern, what in _idle_patterns(route, catalogue.contract):
            fault = f"{pattern!r} matches no {what} of the contract"
            warnings.extend(found.error(("routes", name, *key), fault).problems)
    backstage.routes(found, catalogue, plugins, os.environ)
    warnings.extend(backstage.unusable(catalogue, backstage.importable(found, plugins)).values())


def _check_pulls(found: Configuration, catalogue: Catalogue) -> None:
    from receiver import backstage
    from receiver.transports import discover

    backstage.pulls(found, catalogue.contract, discover(), os.environ)


def _idle_patterns(
    route: RouteSettings, contract: Contract
) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """(key, pattern, what it is for) of a route's patterns that nothing fits."""
    from receiver.patterns import EXCLUDES, Patterns

    sources = [name for name in contract.sources if Patterns(route.sources).match(name)]
    types = {event.name for event in contract.events if event.source in sources}
    for key, patterns, names, what in (
        ("events", route.events, types, "event type"),
        ("sources", route.sources, set(contract.sources), "source"),
    ):
        for index, pattern in enumerate(patterns):
            wanted = Patterns([pattern.removeprefix(EXCLUDES)])
            if not any(wanted.match(name) for name in names):
                yield (key, index), pattern, what
