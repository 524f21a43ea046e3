"""The plugin contract that holds for every spec; the hooks of the event types are generated.

Must not know: which event types there are. Pluggy lives here and in `receiver.plugins` only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pluggy

from receiver.event import Event

PROJECT = "receiver"
"""The pluggy project name that marks hook specifications and implementations."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

F = TypeVar("F", bound=Callable[..., Any])


def hookstub(function: F) -> F:
    """Mark a method that only shows what a hook looks like: a subclass may implement it.

    Generated bases of sinks have one for each event type (`receiver generate --sink`), so that an
    editor offers them and a type checker holds implementations to them. It is never called.
    """
    function.receiver_hookstub = True  # type: ignore[attr-defined]
    return function


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
    exception, or one False for all, means that the events are tried again one by one. There may be
    several of a node, in order: after one that is to be tried again, those of its node that come
    later are handed over again whatever their outcome, so it is best not to deliver them.
    """


@hookspec
def transform(event: Event[Any], route: str) -> Event[Any] | None:
    """One event on its way to the sink of a route that names this plugin in its `transforms`.

    Return the event, or another one in its place (`event.carrying(json)`): that is what the next
    transform gets, and then the sink, in every form. Return None: the route drops the event, which
    is recorded. Any exception: it is tried again by the route's schedule, and nothing has reached
    the sink. Plain or `async`. What must not leave has to be taken out of `raw`, of which `data`
    and every body are made.
    """
