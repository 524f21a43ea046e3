"""What must be true after a run, whatever was killed; a list of what is not.

Must not know: how anything was sent or killed.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from killer import Kill
from witnesses import Note, Route, by_key

from receiver.dispatch.gate import WINDOW

DYING = 1.0
"""Seconds that a sink's process may go on after the process that called it was killed."""


@dataclass
class Findings:
    """What was found in the notes of one sink."""

    faults: list[str] = field(default_factory=list)
    deliveries: int = 0
    again: Counter[str] = field(default_factory=Counter)
    """Deliveries of what had been delivered, by what had been killed in between."""

    def fault(self, said: str) -> None:
        self.faults.append(said)


def judge(
    route: Route, notes: Sequence[Note], answered: dict[str, str], kills: Sequence[Kill]
) -> Findings:
    """The notes of one sink against what was answered 200, and what was killed."""
    found = Findings(deliveries=len(notes))
    places = by_key(list(notes))
    for key in answered.keys() - places.keys():
        found.fault(f"{route.name}: {key} was answered 200 and never delivered")
    for key in places.keys() - answered.keys():
        found.fault(f"{route.name}: {key} was delivered and never answered 200")
    _order(route, notes, found)
    followers = _followers(notes)
    deaths = _deaths(kills)
    for key, stands in places.items():
        if (key in answered) and {notes[place].id for place in stands} != {answered[key]}:
            found.fault(f"{route.name}: {key} has another id than its sender was told")
        for first, second in pairwise(stands):
            why = _explained(route, notes[first], notes[second], followers[first], deaths)
            if why is None:
                found.fault(f"{route.name}: {notes[first]} was delivered again: {notes[second]}")
            else:
                found.again[why] += 1
    return found


def _order(route: Route, notes: Sequence[Note], found: Findings) -> None:
    """First deliveries are, per node, in the order of sending and of the inbox."""
    newest: dict[str, Note] = {}
    seen: set[str] = set()
    for note in notes:
        if note.key in seen:
            continue
        seen.add(note.key)
        before = newest.get(note.node)
        if before and (note.number <= before.number or note.seq <= before.seq):
            found.fault(f"{route.name}: {note.key} came after {before.key}")
        newest[note.node] = note


def _followers(notes: Sequence[Note]) -> list[int]:
    """For each note, how many more its process made after it."""
    left: Counter[int] = Counter()
    counts = []
    for note in reversed(notes):
        counts.append(left[note.pid])
        left[note.pid] += 1
    return counts[::-1]


def _deaths(kills: Sequence[Kill]) -> dict[int, tuple[Kill, bool]]:
    """By process: the kill that ended it, and whether it was not meant but its parent."""
    deaths: dict[int, tuple[Kill, bool]] = {}
    for kill in kills:
        for pid in kill.dead:
            deaths[pid] = (kill, False)
        for pid in kill.children:
            deaths.setdefault(pid, (kill, True))
    return deaths


def _explained(
    route: Route,
    first: Note,
    second: Note,
    followers: int,
    deaths: dict[int, tuple[Kill, bool]],
) -> str | None:
    """What was killed while the first delivery was under way, or None: nothing was.

    Under way: its process was killed after it, and before the second delivery, and had no more
    deliveries to make then than a route has in hand.
    """
    if first.pid not in deaths:
        return None
    kill, by_parent = deaths[first.pid]
    late = DYING if by_parent else 0.01
    alone = route.isolation == "process" and kill.what == "sink"
    in_hand = route.concurrency if alone else WINDOW
    if first.at <= kill.after + late and second.at >= kill.before and followers < in_hand:
        return kill.what
    return None


def look_at_store(path: Path, events: int) -> list[str]:
    """What is wrong with the store of a receiver that has ended."""
    faults = []
    with closing(sqlite3.connect(path)) as connection:

        def one(sql: str) -> object:
            return connection.execute(sql).fetchone()[0]

        for sql, right in (
            ("PRAGMA integrity_check", "ok"),
            ("SELECT count(*) FROM events", events),
            ("SELECT count(*) FROM quarantine", 0),
            ("SELECT count(*) FROM dead", 0),
        ):
            if (said := one(sql)) != right:
                faults.append(f"{sql}: {said}, not {right}")
    return faults
