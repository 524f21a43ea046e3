"""A plugin that does at import what belongs into `open`."""

from __future__ import annotations

import threading
from typing import Any

from receiver import Event, Sink, hookimpl

threading.Thread(target=print, daemon=True).start()


class Connects(Sink):
    """Start a thread when imported."""

    @hookimpl
    def on_event(self, event: Event[Any]) -> None:
        """Do nothing."""
