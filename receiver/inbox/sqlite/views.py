"""What a person looks at: kept events by query, dead letters, attempts, places, figures.

Each function is one short read; a query that may walk far is many of them (`stretches`).
Must not know: threads, who asks.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import msgspec

from receiver.inbox import Attempt, DeadLetter, Query, RoutePlace, Standing, Stored
from receiver.inbox.sqlite import rows
from receiver.inbox.sqlite.connection import number, one
from receiver.inbox.sqlite.duplicates import oldest_key
from receiver.inbox.sqlite.queries import SQL
from receiver.patterns import Patterns

STRETCH = 20_000
"""Positions that one read walks over, at most: a few hundred milliseconds without an index."""

_FOUND = msgspec.json.Decoder(list[tuple[int, str]])


@dataclass(frozen=True, slots=True)
class Stretch:
    """The positions above `low`, up to `high`."""

    low: int
    high: int


def stretches(connection: sqlite3.Connection, query: Query) -> list[Stretch]:
    """The stretches of positions that a query walks over, in its order."""
    accepted = query.state == "accepted"
    if accepted and query.ids:
        ids = msgspec.json.encode(query.ids).decode()
        ends = one(connection, SQL["places_of_ids"], (ids,))
    else:
        ends = one(connection, SQL["ends_of_events" if accepted else "ends_of_quarantine"])
    if ends is None or ends[0] is None:
        return []
    low, high = ends[0] - 1, ends[1]
    low = max(low, query.after or 0)
    edges = range(low, high, STRETCH)
    found = [Stretch(edge, min(edge + STRETCH, high)) for edge in edges]
    return found[::-1] if query.newest_first else found


def page(
    connection: sqlite3.Connection, query: Query, stretch: Stretch, limit: int
) -> list[Stored]:
    """The first `limit` events of a stretch that a query asks for, in its order."""
    accepted = query.state == "accepted"
    statement = SQL["select_events" if accepted else "select_quarantined"]
    with closing(connection.execute(statement, _filters(query, stretch))) as cursor:
        text = cursor.fetchall()[0][0]
    patterns = Patterns(query.types)
    places = [place for place, event_type in _FOUND.decode(text) if patterns.match(event_type)]
    if query.newest_first:
        places.reverse()
    read = events_at if accepted else quarantined_at
    found = read(connection, places[:limit])
    return found[::-1] if query.newest_first else found


def events_at(connection: sqlite3.Connection, seqs: list[int]) -> list[Stored]:
    """The events at some positions, oldest first; those that are deleted are left out."""
    at = msgspec.json.encode(seqs).decode()
    with closing(connection.execute(SQL["events_at"], (at,))) as cursor:
        return [rows.event(row) for row in cursor.fetchall()]


def quarantined_at(connection: sqlite3.Connection, places: list[int]) -> list[Stored]:
    """The quarantined events at some places, oldest first; deleted ones are left out."""
    at = msgspec.json.encode(places).decode()
    with closing(connection.execute(SQL["quarantined_at"], (at,))) as cursor:
        return [rows.quarantined(row) for row in cursor.fetchall()]


def first_since(connection: sqlite3.Connection, after: int, at: int) -> tuple[int | None, int]:
    """The first event of a stretch that was received at or after `at`, and the stretch's end."""
    last = last_seq(connection)
    end = min(after + STRETCH, last)
    row = one(connection, SQL["first_received_since"], (after, end, at))
    return (None if row is None or row[0] is None else row[0]), end


def last_seq(connection: sqlite3.Connection) -> int:
    """The newest position."""
    return number(connection, SQL["last_seq"])


def cursor_of(connection: sqlite3.Connection, name: str) -> str | None:
    """The place of a puller."""
    row = one(connection, SQL["cursor"], (name,))
    return None if row is None else str(row[0])


def dead_letters(
    connection: sqlite3.Connection, route: str | None, after: int, limit: int
) -> list[DeadLetter]:
    """A page of dead letters."""
    values = {"route": route, "after": after, "limit": limit}
    with closing(connection.execute(SQL["dead_letters"], values)) as cursor:
        return [rows.dead_letter(row) for row in cursor.fetchall()]


def attempts(connection: sqlite3.Connection, event_id: str) -> list[Attempt]:
    """The failed attempts on one event."""
    with closing(connection.execute(SQL["attempts"], (event_id,))) as cursor:
        return [rows.attempt(row) for row in cursor.fetchall()]


def places(connection: sqlite3.Connection) -> list[RoutePlace]:
    """Where each route stands."""
    last = last_seq(connection)
    with closing(connection.execute(SQL["places"])) as cursor:
        found = cursor.fetchall()
    return [
        RoutePlace(
            route=route,
            position=position,
            lag=max(0, last - position),
            waiting=waiting,
            held=held,
            dead=dead,
        )
        for route, position, waiting, held, dead in found
    ]


def standings(connection: sqlite3.Connection, seq: int) -> list[Standing]:
    """What each route has made of the event at a position."""
    with closing(connection.execute(SQL["standings"], {"seq": seq})) as cursor:
        return [rows.standing(row) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers for `Inbox.figures`."""

    events: int
    last_seq: int
    quarantined: int
    dead: int
    dedup_keys: int
    oldest_key: int | None
    file_bytes: int


def counts(connection: sqlite3.Connection) -> Counts:
    """How much of everything there is."""
    events, keys, _ = one(connection, SQL["tally"]) or (0, 0, 0)
    return Counts(
        events=events,
        last_seq=last_seq(connection),
        quarantined=number(connection, SQL["quarantined_count"]),
        dead=number(connection, SQL["dead_count"]),
        dedup_keys=keys,
        oldest_key=oldest_key(connection),
        file_bytes=number(connection, "PRAGMA page_count") * number(connection, "PRAGMA page_size"),
    )


def _filters(query: Query, stretch: Stretch) -> dict[str, Any]:
    def listed(values: tuple[str, ...]) -> str | None:
        return msgspec.json.encode(values).decode() if values else None

    return {
        "low": stretch.low,
        "high": stretch.high,
        "ids": listed(query.ids),
        "begins": query.begins,
        "sources": listed(query.sources),
        "nodes": listed(query.nodes),
        "users": listed(query.users),
        "since": None if query.since is None else rows.micros(query.since),
        "until": None if query.until is None else rows.micros(query.until),
        "part": None if query.text is None else query.text.encode("utf-8", "surrogatepass"),
    }
