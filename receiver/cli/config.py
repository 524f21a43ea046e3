"""`receiver config`: is it right, and what is in force?

Must not know: what the settings are for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import typer

from receiver.cli import opening, options, output
from receiver.errors import ConfigError, ReceiverError

if TYPE_CHECKING:
    from receiver.catalogue import Catalogue
    from receiver.settings import Configuration

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Look at the configuration.")

COLUMNS = ("key", "value", "from")
HIDDEN = "**********"


@app.command("check")
def check(
    config: options.Config = None,
    plugins_dir: options.PluginsDir = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Check everything: keys, contract, sources, secrets, sinks, each route's settings.

    Prints every problem as `file:line: [table] key: what is wrong` and exits 1 if there is one.

    \b
    Examples:
      receiver config check
      receiver config check --config /etc/receiver/receiver.toml
    """
    faults: list[str] = []
    found = _collect(
        faults,
        lambda: opening.configuration(config, plugins_dir=plugins_dir, store_dir=store_dir),
    )
    catalogue = found and _collect(faults, lambda: opening.catalogue(found))
    if found and catalogue:
        _collect(faults, lambda: _check_secrets(found, catalogue))
        _collect(faults, lambda: _check_routes(found, catalogue, faults))
    for fault in faults:
        output.tell(fault)
    if faults:
        raise typer.Exit(1)
    assert found
    assert catalogue
    settings = found.settings
    contract = catalogue.contract
    output.line(
        f"{found.label} is right: {len(contract.events)} event types of {len(contract.sources)} "
        f"sources, {len(settings.sources)} sources configured, {len(settings.routes)} routes"
    )


@app.command("show")
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
        output.structure([{"key": key, "value": value, "from": who} for key, value, who in rows])
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

    shown_settings = _harmless(found)
    for path, leaf in _leaves(found.settings.model_dump(by_alias=True), ()):
        value = leaf if path[:4] in shown_settings else _masked(leaf, path)
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


def _harmless(found: Configuration) -> set[tuple[str | int, ...]]:
    """The settings of routes' sinks that the sink's own model does not call secret."""
    from receiver.plugins import describe, discover

    if not found.settings.routes:
        return set()
    plugins = discover(found.plugins_dir)
    harmless: set[tuple[str | int, ...]] = set()
    for name, route in found.settings.routes.items():
        described = describe(plugins[route.sink]) if route.sink in plugins else None
        fields = described.settings.model_fields if described and described.settings else {}
        harmless |= {
            ("routes", name, "settings", key)
            for key, field in fields.items()
            if "Secret" not in str(field.annotation)
        }
    return harmless


def _masked(value: Any, path: tuple[str | int, ...]) -> Any:
    """A value that may be shown: a reference as written, anything that may be a secret hidden."""
    plain = value.get_secret_value() if hasattr(value, "get_secret_value") else value
    secret = plain is not value or (path[0] == "routes" and "settings" in path[2:])
    if isinstance(plain, str) and plain.startswith(("env:", "file:")):
        return plain
    if secret and isinstance(plain, str | list | tuple):
        return HIDDEN
    return plain


def _collect(faults: list[str], work: Callable[[], Any]) -> Any:
    """What `work` returns; None when it fails, its problems being added to `faults`."""
    try:
        return work()
    except ConfigError as error:
        faults.extend(error.problems)
    except ReceiverError as error:
        faults.append(str(error))
    return None


def _check_secrets(found: Configuration, catalogue: Catalogue) -> None:
    from receiver import keptsecrets
    from receiver.secrets import keyring

    kept = keptsecrets.read(found.store_path.parent)
    keyring(found, catalogue.contract, os.environ, kept)


def _check_routes(found: Configuration, catalogue: Catalogue, faults: list[str]) -> None:
    from receiver import backstage
    from receiver.plugins import describe, discover

    plugins = discover(found.plugins_dir)
    broken = [describe(plugin).error for plugin in plugins.values()]
    faults.extend(error for error in broken if error and not found.settings.routes)
    backstage.routes(found, catalogue, plugins, os.environ)
