"""A route that was made while Receiver runs, as it is kept.

Must not know: who makes it, in which dialect, how it is run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from receiver.decisions.sealing import Seal

OWN = ("sink", "settings", "start")
"""Keys of a configured route that are said otherwise here, or only when it is made."""


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """What a user's hook says beyond its route."""

    id: int
    title: str
    topic: str
    service: str
    """The id of the service as it was asked for; several may mean one sink."""
    nodes: tuple[int, ...] | None = None
    sources: tuple[str, ...] | None = None
    """Ant-style patterns (receiver.antpatterns) over the part of an event that its source names."""


class ManagedRoute(msgspec.Struct, frozen=True, kw_only=True):
    """One route."""

    name: str
    sink: str
    form: Literal["route", "integration", "hook"] = "route"
    """An integration and a hook are routes, too; they are shown in their own dialect as well."""
    settings: dict[str, Any] = {}
    """The sink's settings that are no secrets."""
    sealed: dict[str, str] = {}
    """The others: each value as JSON, sealed."""
    options: dict[str, Any] = {}
    """Keys of `[routes.NAME]` (receiver.settings) other than OWN."""
    start: str = "end"
    """Where it began: `end`, `beginning` or a time."""
    strict: bool = False
    """Delivered to only where an enabled filter lists it."""
    owner: str | None = None
    """The user whose it is; None: the operators'."""
    endpoint: str | None = None
    """The profile that an integration was made of."""
    hook: Hook | None = None
    created: datetime

    def opened(self, seal: Seal) -> dict[str, Any]:
        """All settings of the sink. Raises ConfigError."""
        secret = {key: json.loads(seal.open(value)) for key, value in self.sealed.items()}
        return {**self.settings, **secret}


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asked of a route, configured or not; the inbox says what holds."""

    name: str
    flow: Literal["running", "paused"]


def sealed(secret: Mapping[str, Any], seal: Seal) -> dict[str, str]:
    """Secret settings as they are kept. Raises ConfigError."""
    return {key: seal.seal(json.dumps(value)) for key, value in secret.items()}
