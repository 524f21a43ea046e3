"""Paths in a sink's settings: a relative one counts from the folder of the configuration.

Must not know: which file that is, what a sink does with a path.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from receiver.plugins.discovery import Plugin


def anchored(plugin: Plugin, settings: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The settings with every path in them whole, so that the working directory has no say.

    A path is what the sink declares as one: `Path`, `Path | None`, `list[Path]`. Raises PluginError
    for a plugin that cannot be loaded.
    """
    loaded = plugin.load()
    return whole(loaded.Settings if isinstance(loaded, type) else None, settings, folder)


def whole(
    model: type[BaseModel] | None, settings: Mapping[str, Any], folder: Path
) -> dict[str, Any]:
    """Settings of a model with every path in them whole; a relative one counts from `folder`."""
    paths = path_settings(model)
    return {
        name: _whole(value, folder) if name in paths else value for name, value in settings.items()
    }


def path_settings(model: type[BaseModel] | None) -> frozenset[str]:
    """The settings that name files of this machine."""
    fields = model.model_fields if model is not None else {}
    return frozenset(name for name, field in fields.items() if _holds_path(field.annotation))


def _holds_path(annotation: Any) -> bool:
    if isinstance(annotation, type) and not get_args(annotation):
        return issubclass(annotation, Path)
    return any(_holds_path(part) for part in get_args(annotation))


def _whole(value: Any, folder: Path) -> Any:
    if isinstance(value, str):
        return str(folder / value)
    return [_whole(item, folder) for item in value] if isinstance(value, list) else value
