"""The plugin contract that holds for every spec; the hooks of the event types are generated.

Must not know: which event types there are. Pluggy lives here and in `receiver.plugins` only.
"""

from __future__ import annotations

from typing import Any

import pluggy

from receiver.event import Event

PROJECT = "receiver"
"""The pluggy project name that marks hook specifications and implementations."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def on_event(event: Event[Any]) -> bool | None:
    """One event of any type for which the sink implements no hook of its own.

    Return (None or True): delivered. `return False`, `raise Retry(...)` or any other exception: try
    again by the route's schedule. `raise Reject("why")`: a dead letter, now. Plain or `async`.
    """


@hookspec
def on_batch(events: list[Event[Any]]) -> list[bool | Exception | None] | bool | None:
    """Several events at once, oldest first, of any type for which there is no hook of its own.

    May return one outcome per event: None or True (delivered), False, a `Retry` or a `Reject`. An
    exception, or one False for all, means that the events are tried again one by one.
    """
