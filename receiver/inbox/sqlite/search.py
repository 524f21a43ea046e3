"""Finding events by what is asked of them, oldest or newest first.

A query that may walk far is many short reads, each over a stretch of positions. Times narrow down
which: positions grow with the time of receipt, but for clocks and for what was released late.
Must not know: threads, who asks.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from receiver.inbox import Query, Stored
from receiver.inbox.sqlite import bundles, rows, views
from receiver.inbox.sqlite.connection import one
from receiver.inbox.sqlite.queries import SQL
from receiver.inbox.sqlite.views import STRETCH
from receiver.patterns import Patterns

SLACK = timedelta(hours=1)
"""By how much an event may seem to have been received before one that stands before it: processes
commit in any order within seconds, and clocks are set back."""

_POSITIONS = {
    "dead": SQL["positions_dead"],
    "waiting": SQL["positions_waiting"],
    "released": SQL["positions_released"],
}

SHORT = 500
"""Positions of the first stretch: most who ask want to see the last few events."""

_FOUND = msgspec.json.Decoder(list[tuple[int, str]])


@dataclass(frozen=True, slots=True)
class Stretch:
    """The positions above `low`, up to `high`."""

    low: int
    high: int


def stretches(connection: sqlite3.Connection, query: Query) -> list[Stretch]:
    """The stretches of positions that a query walks over, in its order; the first are short."""
    ranges = _ranges(connection, query)
    found: list[Stretch] = []
    length = SHORT
    for low, high in reversed(ranges) if query.newest_first else ranges:
        while low < high:
            if query.newest_first:
                found.append(Stretch(max(low, high - length), high))
                high = found[-1].low
            else:
                found.append(Stretch(low, min(low + length, high)))
                low = found[-1].high
            length = min(4 * length, STRETCH)
    return found


def page(
    connection: sqlite3.Connection, query: Query, stretch: Stretch, limit: int
) -> list[Stored]:
    """The first `limit` events of a stretch that a query asks for, in its order."""
    quarantined = query.state == "quarantined"
    values = _filters(query, stretch)
    if query.state in _POSITIONS:
        row = one(connection, _POSITIONS[query.state], (stretch.low, stretch.high))
        values["among"] = row[0] if row else "[]"
        if values["among"] == "[]":
            return []
    statement = SQL["select_quarantined" if quarantined else "select_events"]
    with closing(connection.execute(statement, values)) as cursor:
        text = cursor.fetchall()[0][0]
    patterns = Patterns(query.types)
    places = [place for place, event_type in _FOUND.decode(text) if patterns.match(event_type)]
    if query.newest_first:
        places.reverse()
    read = views.quarantined_at if quarantined else bundles.at
    found = read(connection, places[:limit])
    return found[::-1] if query.newest_first else found


def _ranges(connection: sqlite3.Connection, query: Query) -> list[tuple[int, int]]:
    """Where what is asked for may be: positions above the one, up to the other; in order."""
    quarantined = query.state == "quarantined"
    if query.ids and not quarantined:
        ids = msgspec.json.encode(query.ids).decode()
        ends = one(connection, SQL["places_of_ids"], (ids,))
    else:
        ends = one(connection, SQL["ends_of_quarantine" if quarantined else "ends_of_events"])
    if ends is None or ends[0] is None:
        return []
    low, high = ends[0] - 1, ends[1]
    low = max(low, query.after or 0)
    if query.before is not None:
        high = min(high, query.before - 1)
    if quarantined or query.ids or (query.since is None and query.until is None):
        return [(low, high)]
    return _timely(connection, query, low, high)


def _timely(
    connection: sqlite3.Connection, query: Query, low: int, high: int
) -> list[tuple[int, int]]:
    """The part of a range that was received in the query's time, and what was released later."""
    first, last = low, high
    if query.since is not None:
        first = max(low, _position_at(connection, query.since - SLACK, low, high) - 1)
    if query.until is not None:
        last = min(high, _position_at(connection, query.until + SLACK, low, high) - 1)
    found = [(first, last)] if first < last else []
    times = {key: _filters(query, Stretch(low, high))[key] for key in ("since", "until")}
    with closing(connection.execute(SQL["released_between"], times)) as cursor:
        oldest, newest = cursor.fetchall()[0]
    beyond = max(last, low)
    if newest is not None and newest > beyond:
        found.append((max(beyond, oldest - 1), min(newest, high)))
    return found


def _position_at(connection: sqlite3.Connection, moment: datetime, low: int, high: int) -> int:
    """About the first position above `low`, up to `high`, received at or after a time; else the
    one after `high`."""
    wanted = rows.micros(moment)

    def received(seq: int) -> int:
        row = one(connection, SQL["first_from"], {"seq": seq})
        return wanted if row is None or row[0] > high else int(row[1])

    return bisect_left(range(low + 1, high + 1), wanted, key=received) + low + 1


def _filters(query: Query, stretch: Stretch) -> dict[str, Any]:
    def listed(values: tuple[str, ...]) -> str | None:
        return msgspec.json.encode(values).decode() if values else None

    return {
        "low": stretch.low,
        "high": stretch.high,
        "among": None,
        "named": listed(_named(query)),
        "ids": listed(query.ids),
        "begins": query.begins,
        "sources": listed(query.sources),
        "nodes": listed(query.nodes),
        "users": listed(query.users),
        "since": None if query.since is None else rows.micros(query.since),
        "until": None if query.until is None else rows.micros(query.until),
        "part": None if query.text is None else query.text.encode("utf-8", "surrogatepass"),
    }


def _named(query: Query) -> tuple[str, ...]:
    """Texts of which one stands in the head of each event that is asked for; none: nobody knows.

    A text is in JSON as it is if nothing in it has to be escaped.
    """
    wanted = query.nodes or query.users
    return wanted if all(text.isprintable() and not {*text} & {*'"\\'} for text in wanted) else ()
