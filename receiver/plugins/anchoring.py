"""Paths in a sink's settings: a relative one counts from the folder of the configuration.

Must not know: which file that is, what a sink does with a path.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from receiver.plugins.discovery import Plugin


def anchored(plugin: Plugin, settings: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The settings with every path in them whole, so that the working directory has no say.

    A path is what the sink declares as one: `Path`, `Path | None`, `list[Path]`. Raises PluginError
    for a plugin that cannot be loaded.
    """
    loaded = plugin.load()
    fields = loaded.Settings.model_fields if isinstance(loaded, type) else {}
    paths = {name for name, field in fields.items() if _holds_path(field.annotation)}
    return {
        name: _whole(value, folder) if name in paths else value for name, value in settings.items()
    }


def _holds_path(annotation: Any) -> bool:
    if isinstance(annotation, type) and not get_args(annotation):
        return issubclass(annotation, Path)
    return any(_holds_path(part) for part in get_args(annotation))


def _whole(value: Any, folder: Path) -> Any:
    if isinstance(value, str):
        return str(folder / value)
    return [_whole(item, folder) for item in value] if isinstance(value, list) else value
