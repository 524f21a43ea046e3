"""What a person looks at: events at their positions, dead letters, attempts, places, figures.

Each function is one short read.
Must not know: threads, who asks.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass

import msgspec

from receiver.inbox import Attempt, DeadLetter, RoutePlace, Standing, Stored
from receiver.inbox.sqlite import bundles, rows
from receiver.inbox.sqlite.connection import number, one
from receiver.inbox.sqlite.duplicates import oldest_key
from receiver.inbox.sqlite.queries import SQL

STRETCH = 20_000
"""Positions that one read walks over, at most: a few hundred milliseconds without an index."""


def quarantined_at(connection: sqlite3.Connection, places: list[int]) -> list[Stored]:
    """The quarantined events at some places, oldest first; deleted ones are left out."""
    at = msgspec.json.encode(places).decode()
    with closing(connection.execute(SQL["quarantined_at"], (at,))) as cursor:
        return [rows.quarantined(row) for row in cursor.fetchall()]


def first_since(connection: sqlite3.Connection, after: int, at: int) -> tuple[int | None, int]:
    """The first event of a stretch that was received at or after `at`, and the stretch's end."""
    last = last_seq(connection)
    end = min(after + STRETCH, last)
    stretch = {"after": after, "until": end, "at": at}
    row = one(connection, SQL["first_received_since"], stretch)
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
        letters = cursor.fetchall()
    events = {
        event.seq: event for event in bundles.at(connection, [letter[0] for letter in letters])
    }
    return [
        rows.dead_letter(letter, events[letter[0]]) for letter in letters if letter[0] in events
    ]


def attempts(connection: sqlite3.Connection, event_id: str) -> list[Attempt]:
    """The failed attempts on one event."""
    with closing(connection.execute(SQL["attempts"], {"id": event_id})) as cursor:
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
            exceptions=exceptions,
        )
        for route, position, waiting, held, dead, exceptions in found
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
    free_bytes: int
    oldest_event: int | None


def counts(connection: sqlite3.Connection) -> Counts:
    """How much of everything there is."""
    events, keys, _, _ = one(connection, SQL["tally"]) or (0, 0, 0, 0)
    oldest = one(connection, SQL["oldest_event"])
    page_bytes = number(connection, "PRAGMA page_size")
    return Counts(
        events=events,
        last_seq=last_seq(connection),
        quarantined=number(connection, SQL["quarantined_count"]),
        dead=number(connection, SQL["dead_count"]),
        dedup_keys=keys,
        oldest_key=oldest_key(connection),
        file_bytes=number(connection, "PRAGMA page_count") * page_bytes,
        free_bytes=number(connection, "PRAGMA freelist_count") * page_bytes,
        oldest_event=oldest[0] if oldest else None,
    )
