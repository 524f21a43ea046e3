"""What a person does with the inbox in memory: finds events, sets dead letters and others right.

Must not know: files, SQL, threads, who delivers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice

from receiver.inbox import Attempt, DeadLetter, Query, RoutePlace, Standing, State, Stored
from receiver.inbox.letters import Letter
from receiver.inbox.readmission import Rejudged
from receiver.inbox.rules import lane, selects, standing
from receiver.inbox.shelf import Records, Shelf
from receiver.turns import Exceptional


class Desk(ABC):
    """Parts of `receiver.inbox.Inbox`; see there for what each method does."""

    _events: Shelf
    _quarantine: Shelf
    _routes: Mapping[str, Records]

    @abstractmethod
    def _must_be_open(self) -> None: ...

    @abstractmethod
    def _place(self, name: str) -> RoutePlace: ...

    @abstractmethod
    def _ring(self) -> None:
        """Wake who waits for events."""

    async def read(self, query: Query) -> list[Stored]:
        self._must_be_open()
        kept = self._quarantine if query.state == "quarantined" else self._events
        among = self._among(query.state)
        rows = [
            event
            for place, event in kept.after(query.after or 0)
            if (query.before is None or place < query.before) and (among is None or place in among)
        ]
        if query.newest_first:
            rows.reverse()
        return list(islice(filter(selects(query), rows), max(0, query.limit)))

    def _among(self, state: State) -> set[int] | None:
        """The positions of the events that routes have so; None: it is none of the routes'."""
        routes = self._routes.values()
        if state == "dead":
            return {seq for route in routes for seq in route.dead}
        if state == "waiting":
            return {seq for route in routes for seq, _, _ in route.ledger.kept()}
        return None

    async def dead_letters(
        self, *, route: str | None = None, after: int | None = None, limit: int = 100
    ) -> list[DeadLetter]:
        self._must_be_open()
        names = sorted(self._routes if route is None else self._routes.keys() & {route})
        letters = sorted(
            (seq, name, letter)
            for name in names
            for seq, letter in self._routes[name].dead.items()
            if seq > (after or 0)
        )
        positions = [seq for seq, _, _ in letters]
        end = bisect_left(positions, positions[limit - 1] + 1) if limit <= len(positions) else None
        return [letter for _, _, letter in letters[:end]]

    async def places(self) -> list[RoutePlace]:
        self._must_be_open()
        return [self._place(name) for name in sorted(self._routes)]

    async def standings(self, seq: int) -> list[Standing]:
        self._must_be_open()
        routes = sorted(self._routes.items())
        return [
            Standing(name, "requeued")
            if seq in kept.again
            else standing(name, kept.ledger, seq, dead=seq in kept.dead)
            for name, kept in routes
        ]

    async def attempts(self, event_id: str) -> list[Attempt]:
        self._must_be_open()
        seqs = {seq for seq, event in self._events.after(0) if event.id == event_id}
        every = (attempt for route in self._routes.values() for attempt in route.attempts)
        return sorted((a for a in every if a.seq in seqs), key=lambda a: a.failure.at)

    async def requeue(self, letters: Sequence[Letter]) -> int:
        self._must_be_open()
        found = [(self._routes[route], seq) for route, seq in letters if self._is_dead(route, seq)]
        for route, seq in found:
            route.again[seq] = route.dead.pop(seq)
        return len(found)

    async def discard(self, letters: Sequence[Letter]) -> int:
        self._must_be_open()
        found = [(route, seq) for route, seq in letters if self._is_dead(route, seq)]
        for route, seq in found:
            del self._routes[route].dead[seq]
        return len(found)

    def _is_dead(self, route: str, seq: int) -> bool:
        return route in self._routes and seq in self._routes[route].dead

    async def take_up(self) -> list[str]:
        self._must_be_open()
        asked = [name for name, route in self._routes.items() if route.again and route.ledger.room]
        for name in asked:
            route = self._routes[name]
            for seq in sorted(route.again)[: route.ledger.room]:
                event = route.again.pop(seq).event
                route.ledger.reopen(Exceptional(seq, lane(event.source, event.node)))
                route.annal.passing.reopened.add(seq)
        return asked

    async def readmit(self, rejudged: Sequence[Rejudged]) -> list[int | None]:
        self._must_be_open()
        seqs = [self._readmit(each) for each in rejudged]
        self._ring()
        return seqs

    def _readmit(self, each: Rejudged) -> int | None:
        found = ((at, kept) for at, kept in self._quarantine.after(0) if kept.id == each.id)
        place, kept = next(found, (0, None))
        if kept is None:
            return None
        if each.problems:
            self._quarantine.put(place, replace(kept, problems=each.problems))
            return None
        self._quarantine.remove(place)
        seq = self._events.last + 1
        released = replace(
            kept,
            seq=seq,
            type=each.type,
            key=each.key,
            time=each.time,
            node=each.node,
            user=each.user,
            released=True,
            problems=(),
            place=None,
        )
        self._events.add(released)
        return seq
