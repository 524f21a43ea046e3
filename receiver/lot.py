"""Events of one operation that came together, judged together: column by column.

What one event costs in calls, a lot of them costs nearly as much; and with most of them nothing is
wrong. Where something is, or a value is of an unusual kind, each event is judged on its own, by
`receiver.judgement`, which says what a judgement is: what is made here is the same.
Must not know: how requests or arrays are read, how an entry is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat, starmap
from typing import Any

import uuid_utils

from receiver.columns import Places
from receiver.errors import JsonError
from receiver.inbox import Entry
from receiver.judgement import MAX_TEXT, Arrival, Rules, judge, place_of, report
from receiver.locator import text
from receiver.strictjson import slices, values_of


def read_all(arrivals: Sequence[Arrival], raws: Sequence[bytes]) -> list[Entry]:
    """The entries of some events, in order, each read out of its own bytes.

    `arrivals` is of one operation and one moment. Content never makes this fail.
    """
    entries: list[Entry] = []
    for some in slices(raws):
        limits = arrivals[0].rules.operation.limits
        values = values_of(raws[some], depth=limits.depth, keys=limits.keys)
        entries += judge_all(arrivals[some], raws[some], values)
    return entries


def judge_all(
    arrivals: Sequence[Arrival], raws: Sequence[bytes], values: Sequence[Any | JsonError]
) -> list[Entry]:
    """As `read_all`, of events that were read: the value of each, or why there is none.

    A fault of our own in judging them together is logged, and costs time only.
    """
    try:
        entries = _together(arrivals, raws, values) if len(raws) > 1 else None
    except Exception as error:
        report(arrivals[0].rules.operation, error)
        entries = None
    if entries is None:
        return list(map(judge, arrivals, raws, values))
    return entries


def _together(
    arrivals: Sequence[Arrival], raws: Sequence[bytes], values: Sequence[Any]
) -> list[Entry] | None:
    """Their entries, if nothing is wrong with any."""
    if JsonError in set(map(type, values)):
        return None
    rules, at, new_id = arrivals[0].rules, arrivals[0].at, uuid_utils.uuid7
    columns = rules.columns
    places = Places(values, lambda index: place_of(arrivals[index], values[index]))
    types = _texts(columns.type(places))
    if types is None or not _sound(rules, types, values):
        return None
    keys = _texts(columns.key(places))
    nodes = _texts(columns.node(places))
    users = _texts(columns.user(places))
    if keys is None or nodes is None or users is None:
        return None
    operation, amount = rules.operation, len(raws)
    dedup_keys, dedup_rules = rules.dedup.of_all(places, raws)
    # In the order of an entry's fields: by their names it takes half as long again.
    columns_of_entries = (
        [str(new_id()) for _ in raws],
        repeat(operation.source, amount),
        [type_ or "" for type_ in types],
        keys,
        dedup_keys,
        [rule.window for rule in dedup_rules],
        [time or at for time in columns.time(places)],
        repeat(at, amount),
        nodes,
        users,
        raws,
        repeat(operation.id, amount),
        [arrival.secret for arrival in arrivals],
        repeat((), amount),
        [arrival.trace for arrival in arrivals],
        [rule.body for rule in dedup_rules],
    )
    return list(starmap(Entry, zip(*columns_of_entries, strict=True)))


def _sound(rules: Rules, types: Sequence[str | None], values: Sequence[Any]) -> bool:
    """Whether each is of a known type, and its schema has nothing against it."""
    known = set(types)
    for type_ in known:
        event = rules.event_types.get((rules.operation.source, type_ or ""))
        if event is None:
            return False
        mine = values
        if len(known) > 1:
            mine = [value for value, its in zip(values, types, strict=True) if its == type_]
        if not rules.sound(event, mine):
            return False
    return True


def _texts(found: list[Any]) -> list[str | None] | None:
    """What was found, as text; None where one is longer than anybody's would be."""
    known = set(found)  # most are the same in many events
    if not _TEXTS.issuperset(map(type, known)):
        found = list(map(text, found))
        known = set(found)
    return None if max(map(len, filter(None, known)), default=0) > MAX_TEXT else found


_TEXTS = frozenset({str, type(None)})
