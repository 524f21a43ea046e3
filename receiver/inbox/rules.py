"""What every store decides alike: lanes, conflicts, failures, places, what a query asks for.

Must not know: how events are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from receiver.errors import UnkeepableError
from receiver.inbox import Entry, Failure, Head, Query, RoutePlace, Standing, Stored
from receiver.ledger import Ledger
from receiver.patterns import Patterns
from receiver.redaction import plain

LONGEST_TEXT = 16_384
"""Characters of each text of a failure."""


def lane(source: str, node: str | None) -> str | None:
    """Whose order an event is part of: its node within its source; None: of nobody's."""
    return None if node is None else f"{source}/{node}"


_CONFLICT = "its id was already used by event "


def conflict(first_id: str) -> str:
    """The problem of an event whose dedup key came with other bytes before."""
    return f"{_CONFLICT}{first_id}, with another body"


def is_conflict(problem: str) -> bool:
    """Whether a problem is that one: no spec can put it right."""
    return problem.startswith(_CONFLICT)


def at_hard_limit(store: str, limit: int) -> str:
    """Why no event is taken in."""
    return (
        f"{store} is at its hard limit of {limit:,} bytes: new events are refused until events "
        "that every route has passed are old enough to go, or `retention.hard_limit` is raised"
    )


def keepable(failure: Failure) -> Failure:
    """A failure in texts that every store takes, whatever a sink said. Raises UnkeepableError."""
    said = (failure.kind, failure.error, failure.message, failure.traceback)
    if not all(isinstance(text, str) for text in said):
        raise UnkeepableError("a failure is told in texts")
    return Failure(timed(failure.at), *(plain(text, LONGEST_TEXT) for text in said))


def timed(moment: datetime) -> datetime:
    """The same time. Raises UnkeepableError for one without a zone."""
    if moment.utcoffset() is None:
        raise UnkeepableError(f"{moment} has no time zone")
    return moment


def stored(entry: Entry, *, seq: int | None, problems: tuple[str, ...] = ()) -> Stored:
    """An entry as it is kept; `seq` is None in quarantine."""
    return Stored(
        seq=seq,
        id=entry.id,
        source=entry.source,
        type=entry.type,
        key=entry.key,
        time=entry.time,
        received_at=entry.received_at,
        node=entry.node,
        user=entry.user,
        raw=entry.raw,
        operation=entry.operation,
        secret=entry.secret,
        trace=entry.trace,
        problems=problems,
    )


def place(route: str, ledger: Ledger, *, last_seq: int, dead: int, again: int = 0) -> RoutePlace:
    """Where a route stands whose ledger is this one."""
    kept = list(ledger.kept())
    return RoutePlace(
        route=route,
        position=ledger.position,
        lag=last_seq - ledger.position,
        waiting=sum(due is not None and not held for _, held, due in kept),
        held=sum(held for _, held, _ in kept),
        dead=dead,
        exceptions=len(kept) + again,
    )


def standing(route: str, ledger: Ledger, seq: int, *, dead: bool) -> Standing:
    """What a route whose ledger is this one has made of the event at `seq`."""
    if dead:
        return Standing(route, "dead")
    if seq > ledger.position:
        return Standing(route, "beyond")
    for kept, held, due in ledger.kept():
        if kept == seq and held:
            return Standing(route, "held")
        if kept == seq:
            return Standing(route, "open") if due is None else Standing(route, "waiting", due)
    return Standing(route, "passed")


def selects_head(query: Query) -> Callable[[Head], bool]:
    """Whether an event may be one that `query` asks for, by its head; `selects` asks the rest."""
    tests = _about_head(query)
    return lambda head: all(test(head) for test in tests)


def _about_head(query: Query) -> list[Callable[[Any], bool]]:
    """What a query asks of source, type, node and user."""
    tests: list[Callable[[Any], bool]] = []

    def among(wanted: tuple[str, ...], value: Callable[[Any], Any]) -> None:
        if wanted:
            members = frozenset(wanted)
            tests.append(lambda event: value(event) in members)

    among(query.sources, lambda event: event.source)
    among(query.nodes, lambda event: event.node)
    among(query.users, lambda event: event.user)
    if query.types:
        patterns = Patterns(query.types)
        tests.append(lambda event: patterns.match(event.type))
    return tests


def selects(query: Query) -> Callable[[Stored], bool]:
    """Whether a kept event is one that `query` asks for, its page (`after`, `limit`) left aside."""
    tests = _about_head(query)
    if query.state == "released":
        tests.append(lambda event: event.released)

    if query.ids:
        ids = frozenset(query.ids)
        tests.append(lambda event: event.id in ids)
    if (start := query.begins) is not None:
        tests.append(lambda event: event.id.startswith(start))
    if (since := query.since) is not None:
        tests.append(lambda event: event.received_at >= since)
    if (until := query.until) is not None:
        tests.append(lambda event: event.received_at < until)
    if query.text is not None:
        part = query.text.encode("utf-8", "surrogatepass")
        tests.append(lambda event: part in event.raw)
    return lambda event: all(test(event) for test in tests)
