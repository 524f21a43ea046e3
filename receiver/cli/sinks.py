"""`receiver sinks`: what is installed, what it can do, how to route events to it.

Must not know: how plugins are found, or events.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from receiver.cli import opening, options, output
from receiver.errors import PluginError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from receiver.plugins import Description, Plugin
    from receiver.settings import Configuration

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Look at installed sinks.")

COLUMNS = ("name", "brought by", "kind", "hooks", "routes")
SETTING_COLUMNS = ("setting", "type", "default", "required", "secret", "description")


@app.command("list")
def list_sinks(
    as_json: options.Json = False,
    config: options.Config = None,
    plugins_dir: options.PluginsDir = None,
) -> None:
    """List every sink that is installed, and which routes use it.

    \b
    Examples:
      receiver sinks list
      receiver sinks list --plugins-dir ./sinks --json
    """
    from receiver.plugins import describe

    found = opening.configuration(config, plugins_dir=plugins_dir)
    described = [describe(plugin) for plugin in opening.plugins(found).values()]
    if as_json:
        output.structure([_plain(sink, found) for sink in described])
        return
    rows = [
        (
            sink.name,
            sink.origin,
            _kind(sink),
            None if sink.error else len(sink.hooks),
            f"broken: {sink.error}" if sink.error else ", ".join(routes(sink, found)) or "none",
        )
        for sink in described
    ]
    output.table(COLUMNS, rows, empty="no sinks are installed")


@app.command("describe", short_help="Describe one sink, and the TOML that routes to it.")
def describe_sink(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `receiver sinks list` names it.")],
    as_json: options.Json = False,
    config: options.Config = None,
    plugins_dir: options.PluginsDir = None,
) -> None:
    """Describe one sink: its settings, its hooks, and the TOML that adds a route to it.

    \b
    Examples:
      receiver sinks describe jsonl
      receiver sinks describe http --json
    """
    from receiver.plugins import describe
    from receiver.settings import nearest_of

    found = opening.configuration(config, plugins_dir=plugins_dir)
    plugins = opening.plugins(found)
    if name not in plugins:
        advice = nearest_of(name, list(plugins), "installed:")
        folder = "" if found.plugins_dir else " (one of a plugins folder needs --plugins-dir DIR)"
        raise PluginError(f"no sink {name!r}; {advice}{folder}")
    sink = describe(plugins[name])
    if sink.error:
        raise PluginError(sink.error)
    if as_json:
        output.structure(_plain(sink, found))
        return
    output.line(f"{sink.name}: {sink.summary or 'says nothing of itself'}")
    output.line(f"{sink.origin}, {_kind(sink)}; hooks: {', '.join(sink.hooks) or 'none'}")
    if sink.settings is not None:
        output.table(SETTING_COLUMNS, [tuple(row.values()) for row in _settings(sink)])
    output.line("\nA route to it, in receiver.toml:\n")
    output.line(toml(sink))


def routes(sink: Description, found: Configuration) -> list[str]:
    """The names of the routes that lead to a sink."""
    settings = found.settings
    if settings.routes:
        return [name for name, route in settings.routes.items() if route.sink == sink.name]
    return [f"{sink.name} (automatic)"] if settings.autoroute and sink.configured else []


def idle(
    found: Configuration,
    plugins: Mapping[str, Plugin],
    config: Path | None,
    plugins_dir: Path | None,
) -> list[str]:
    """Why sinks get no route where every one that can has one; and what tells more of them.

    `config` and `plugins_dir` are the options that the other command needs, too.
    """
    from receiver.plugins import describe

    if found.settings.routes or not found.settings.autoroute:
        return []
    told = []
    for plugin in plugins.values():
        sink = describe(plugin)
        if sink.error is None and not sink.configured:
            command = f"receiver sinks describe {sink.name}"
            if config is not None:
                command += f" --config {shlex.quote(str(config))}"
            if plugin.from_folder and plugins_dir is not None:
                command += f" --plugins-dir {shlex.quote(str(plugins_dir))}"
            told.append(
                f"{sink.name}: needs {', '.join(sink.required) or 'settings'}; see: {command}"
            )
    return told


def toml(sink: Description) -> str:
    """The lines that add a route to a sink, with every setting that has no default.

    They are TOML as they stand; what only a person can know is a comment, and is asked for at the
    start as long as it is one.
    """
    text = [f"[routes.{sink.name}]", f'sink = "{sink.name}"', 'events = ["*"]']
    if sink.required:
        text.append(f"[routes.{sink.name}.settings]")
    for row in _settings(sink):
        if row["required"]:
            value = f"env:{sink.name}_{row['setting']}".upper().replace("ENV:", "env:")
            text.append(
                f"{row['setting']} = {json.dumps(value)}"
                if row["secret"]
                else f"# {row['setting']} = …  ({row['type']})"
            )
    return "\n".join(text)


def _settings(sink: Description) -> list[dict[str, Any]]:
    if sink.settings is None:
        return []
    return [_setting(name, field) for name, field in sink.settings.model_fields.items()]


def _setting(name: str, field: FieldInfo) -> dict[str, Any]:
    secret = "Secret" in type_name(field.annotation)
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    hidden = field.is_required() or bool(secret and default)
    return {
        "setting": name,
        "type": type_name(field.annotation),
        "default": None if hidden else json.dumps(default, default=str),
        "required": field.is_required(),
        "secret": secret,
        "description": field.description,
    }


def type_name(annotation: Any) -> str:
    """A type as a person writes it: `int`, `list[str]`, `SecretStr | None`."""
    if annotation is type(None):
        return "None"
    if isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        return annotation.__name__
    return str(annotation).replace("typing.", "").replace("pydantic.types.", "")


def _kind(sink: Description) -> str:
    if sink.error:
        return output.MISSING
    return "functions" if sink.settings is None else "class"


def _plain(sink: Description, found: Configuration) -> dict[str, Any]:
    return {
        "name": sink.name,
        "brought_by": sink.origin,
        "kind": None if sink.error else _kind(sink),
        "summary": sink.summary,
        "hooks": list(sink.hooks),
        "routes": routes(sink, found),
        "settings": _settings(sink),
        "error": sink.error,
    }
