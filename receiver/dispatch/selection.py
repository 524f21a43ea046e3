"""Which events a route wants, and how its sink takes each type of them.

Must not know: how calls are made, what becomes of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from receiver import antpatterns
from receiver.dispatch.binding import AnySink
from receiver.dispatch.route import Catalogue, Route
from receiver.event import Event
from receiver.filters import Filters
from receiver.inbox import Claim, Head, Match, Stored
from receiver.locator import Place, text
from receiver.patterns import Patterns
from receiver.plugins import Hook


@dataclass(frozen=True, slots=True)
class Way:
    """How the sink takes events of one type."""

    hook: Hook
    """For one event. With `listed`, it takes a list of one."""
    listed: bool
    batch: Hook | None
    """For many of them at once."""
    decoder: Callable[[bytes], Any]


def patterned(route: Route) -> Callable[[Head], bool]:
    """Whether a route's patterns match an event, whatever its sink has hooks for."""
    events, sources = Patterns(route.events), Patterns(route.sources)
    nodes, users = Patterns(route.nodes), Patterns(route.users)
    return lambda head: (
        sources.match(head.source)
        and events.match(head.type)
        and nodes.match(head.node)
        and users.match(head.user)
    )


class Selection:
    """The choice of one route. What is asked of types is asked once and remembered."""

    def __init__(self, route: Route, sink: AnySink, catalogue: Catalogue) -> None:
        self._route = route
        self._sink = sink
        self._catalogue = catalogue
        self._events = Patterns(route.events)
        self._sources = Patterns(route.sources)
        self._nodes = Patterns(route.nodes)
        self._users = Patterns(route.users)
        self._ways: dict[tuple[str, str], Way | None] = {}
        self._wanted: dict[tuple[str, str], bool] = {}

    def wants(self, head: Head) -> bool:
        """Whether the route's patterns match, and its sink has a hook that takes the event."""
        kind = (head.source, head.type)
        wanted = self._wanted.get(kind)
        if wanted is None:
            wanted = self._wanted[kind] = (
                self._sources.match(head.source)
                and self._events.match(head.type)
                and self.way(*kind) is not None
            )
        return wanted and self._nodes.match(head.node) and self._users.match(head.user)

    def match(self, filters: Filters) -> Match:
        """The same, and whether filters let it through."""
        name, strict, passes = self._route.name, self._route.strict, filters.passes
        if not strict and filters.idle:
            return self.wants
        return lambda head: (
            self.wants(head) and passes(name, strict, head.type, head.user, head.node)
        )

    def refusal(self, stored: Stored) -> str | None:
        """Why the payload of a wanted event is not what the route is for; None where it is."""
        for part in self._route.parts:
            found = text(part.place.find(Place(msgspec.json.decode(stored.raw))))
            if not antpatterns.matches(part.patterns, found):
                return f"no pattern of {', '.join(part.patterns)} matches {found or '(none)'}"
        return None

    def way(self, source: str, type: str) -> Way | None:
        """How the sink takes events of a type; None when it has no hook for them."""
        kind = (source, type)
        if kind not in self._ways:
            self._ways[kind] = self._find(*kind)
        return self._ways[kind]

    def _find(self, source: str, type: str) -> Way | None:
        declared = self._catalogue.contract.event_types.get((source, type))
        own = self._sink.hook_for(declared.hook) if declared else None
        batch = None if own else self._sink.on_batch
        hook = own or self._sink.on_event or batch
        if hook is None:
            return None
        return Way(hook, hook is batch, batch, self._catalogue.decoder(source, type))


def event(claim: Claim, decoder: Callable[[bytes], Any]) -> Event[Any]:
    """The event that hooks get for a claim."""
    stored = claim.event
    assert stored.seq is not None, "what is claimed is in the inbox"
    return Event(
        seq=stored.seq,
        id=stored.id,
        source=stored.source,
        type=stored.type,
        key=stored.key,
        time=stored.time,
        received_at=stored.received_at,
        trace=stored.trace,
        node=stored.node,
        user=stored.user,
        raw=stored.raw,
        attempt=claim.attempt,
        replay=claim.replay,
        released=stored.released,
        decoder=decoder,
    )
