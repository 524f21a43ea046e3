"""What can be said of a plugin without a route: its words, its settings, its hooks, its fault.

Must not know: settings' values, the contract.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from receiver.errors import PluginError
from receiver.plugins.discovery import Plugin
from receiver.plugins.inspection import marked
from receiver.sink import SinkSettings


@dataclass(frozen=True, slots=True)
class Description:
    """One plugin, as lists and forms show it."""

    name: str
    origin: str
    summary: str = ""
    """The first line of its docstring."""
    settings: type[SinkSettings] | None = None
    """The model of its settings; None for a module of functions."""
    required: tuple[str, ...] = ()
    """The settings that have no default."""
    configured: bool = False
    """Whether it can be used without any settings."""
    hooks: tuple[str, ...] = ()
    """The hooks that it implements."""
    translations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """See receiver.sink.Sink."""
    error: str | None = None
    """Why it cannot be used."""


def describe(plugin: Plugin) -> Description:
    """What there is to say of a plugin; imports it. A broken one has an `error`."""
    try:
        loaded = plugin.load()
    except PluginError as error:
        return Description(plugin.name, plugin.origin, error=str(error))
    settings = loaded.Settings if isinstance(loaded, type) else None
    fields = settings.model_fields if settings else {}
    return Description(
        plugin.name,
        plugin.origin,
        summary=(inspect.getdoc(loaded) or "").partition("\n")[0],
        settings=settings,
        required=tuple(name for name, field in fields.items() if field.is_required()),
        configured=settings is None or _valid_when_empty(settings),
        hooks=tuple(sorted({hook.name for hook in marked(loaded)})),
        translations=loaded.translations if isinstance(loaded, type) else {},
    )


def _valid_when_empty(settings: type[SinkSettings]) -> bool:
    try:
        settings()
    except ValidationError:
        return False
    return True
