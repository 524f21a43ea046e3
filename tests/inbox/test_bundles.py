"""Events kept together: a bundle is read as it was kept, and some of it can be deleted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receiver.errors import StoreError, UnkeepableError
from receiver.inbox import Entry, Query, Stored
from receiver.inbox.readmission import Rejudged
from receiver.inbox.rules import stored
from receiver.inbox.sqlite import bundles
from receiver.inbox.sqlite.connection import connect, transaction
from receiver.inbox.sqlite.heads import heads, heads_at
from receiver.inbox.sqlite.migrate import bring_up
from receiver.inbox.sqlite.queries import SQL
from receiver.inbox.sqlite.rows import micros

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
moments = st.datetimes(
    datetime(1970, 1, 2), datetime(9999, 1, 1), timezones=st.just(UTC)
) | st.datetimes(
    datetime(2000, 1, 1), datetime(2030, 1, 1), timezones=st.just(timezone(timedelta(hours=5)))
)
entries = st.builds(
    Entry,
    id=st.just(""),
    source=texts,
    type=texts,
    key=st.none() | texts,
    dedup_key=st.none(),
    dedup_window=st.none(),
    time=moments,
    received_at=moments,
    node=st.none() | texts,
    user=st.none() | texts,
    raw=st.binary(max_size=40),
    operation=texts,
    secret=texts,
    trace=st.none() | texts,
)
several = st.lists(entries, min_size=1, max_size=150)


def numbered(some: list[Entry], ids: Iterator[str]) -> list[Entry]:
    return [
        Entry(**{name: getattr(entry, name) for name in Entry.__struct_fields__} | {"id": id})
        for entry, id in zip(some, ids, strict=False)
    ]


def together() -> Iterator[str]:
    """Ids of one moment, in no order."""
    return (f"together-{number * 7919 % 1000:03}" for number in range(1000))


def apart() -> Iterator[str]:
    """Ids of which each begins in a way of its own."""
    return (f"{number}" for number in range(1000))


@pytest.fixture
def file(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(path, synchronous="OFF", create=True)) as connection:
        bring_up(connection)
        yield connection


def keep(file: sqlite3.Connection, some: list[Entry]) -> list[Stored]:
    """Write events to an empty table, and what is to be read of them."""
    with transaction(file):
        file.execute("DELETE FROM bundles")
        last = bundles.add(
            file, bundles.rows([(entry, micros(entry.received_at)) for entry in some]), 0
        )
    assert last == len(some)
    return [stored(entry, seq=seq) for seq, entry in enumerate(some, 1)]


def amounts(file: sqlite3.Connection) -> list[int]:
    return [amount for (amount,) in file.execute("SELECT amount FROM bundles ORDER BY last")]


properties = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@properties
@given(several, st.sampled_from([together, apart]), st.data())
def test_what_is_read_is_what_was_kept(file, some, ids, data):
    kept = keep(file, numbered(some, ids()))
    asked = data.draw(st.lists(st.integers(1, len(kept) + 2), max_size=9, unique=True))

    assert bundles.at(file, list(range(1, len(kept) + 1))) == kept
    assert bundles.at(file, asked) == [kept[seq - 1] for seq in sorted(asked) if seq <= len(kept)]
    after = data.draw(st.integers(0, len(kept)))
    read = heads(file, after=after, limit=1000)
    assert [(head.seq, head.source, head.type, head.node, head.user) for head in read] == [
        (event.seq, event.source, event.type, event.node, event.user) for event in kept[after:]
    ]
    assert heads_at(file, asked).keys() >= {seq for seq in asked if seq <= len(kept)}


@properties
@given(several, st.sampled_from([together, apart]), st.data())
def test_what_is_deleted_is_gone_and_nothing_else(file, some, ids, data):
    kept = keep(file, numbered(some, ids()))
    gone = data.draw(st.sets(st.integers(1, len(kept))))
    left = [event for event in kept if event.seq not in gone]

    with transaction(file):
        bundles.delete(file, sorted(gone))

    assert bundles.at(file, list(range(1, len(kept) + 1))) == left
    assert [head.seq for head in heads(file, after=0, limit=1000)] == [e.seq for e in left]
    for event in left:
        assert file.execute(SQL["places_of_ids"], (f'["{event.id}"]',)).fetchall() == [
            (event.seq, event.seq)
        ]
    ends = (left[0].seq, left[-1].seq) if left else (None, None)
    assert file.execute(SQL["ends_of_events"]).fetchall() == [ends]


def usual(number: int, **given: Any) -> Entry:
    told: dict[str, Any] = {
        "id": f"together-{number:05}", "source": "acme", "type": "t", "key": f"k{number}",
        "dedup_key": None, "dedup_window": None, "time": NOON, "received_at": NOON,
        "node": f"n{number}", "user": None, "raw": b"%d" % number, "operation": "o", "secret": "s",
    }  # fmt: skip
    return Entry(**told | given)


def test_what_is_kept_at_once_is_a_few_rows(file):
    keep(file, [usual(number) for number in range(1_000)])

    assert amounts(file) == [64] * 15 + [40]


def test_large_events_do_not_stand_together(file):
    keep(file, [usual(number, raw=b"x" * 30_000) for number in range(5)])
    assert amounts(file) == [2, 2, 1]

    keep(file, [usual(0, raw=b"x" * 1_000_000), usual(1), usual(2)])
    assert amounts(file) == [1, 2]


def test_ids_of_other_moments_do_not_stand_together(file):
    """A bundle is looked for by the beginning of an id."""
    early, late = "0198a1b2-c3d4-7000-8000-{:012}", "0198a1b3-c3d4-7000-8000-{:012}"
    some = [usual(n, id=(early if n < 3 else late).format(n)) for n in range(5)]

    keep(file, some)

    assert amounts(file) == [3, 2]


def test_events_can_be_looked_at_one_by_one(file):
    """The view, for people and for what is not asked often."""
    some = [usual(1, node="näh"), usual(2, user="u", trace="00-1-2-3", raw=b"\x00\xff")]
    keep(file, some)

    rows = file.execute(
        "SELECT seq, id, source, type, key, time, received_at, node, user, operation, secret, "
        "trace, released, raw, bytes FROM events ORDER BY seq"
    ).fetchall()

    at = micros(NOON)
    assert rows == [
        (1, "together-00001", "acme", "t", "k1", "2026-05-01T12:00:00Z", at, "näh", None, "o", "s",
         None, 0, b"1", 1),
        (2, "together-00002", "acme", "t", "k2", "2026-05-01T12:00:00Z", at, "n2", "u", "o", "s",
         "00-1-2-3", 0, b"\x00\xff", 2),
    ]  # fmt: skip


async def test_the_same_events_are_not_kept_twice(inbox):
    """Whoever hands in the same ones once more by mistake is told."""
    some = [usual(number) for number in range(100)]
    await inbox.append(some)

    with pytest.raises(UnkeepableError, match="UNIQUE"):
        await inbox.append(some)

    assert len(await inbox.read(Query(limit=1_000))) == 100


async def test_an_event_out_of_quarantine_stands_alone(inbox, path):
    """Its time is older than that of the events beside it."""
    await inbox.append([usual(0, problems=("odd",)), *[usual(n) for n in range(1, 4)]])
    fixed = Rejudged(
        id=usual(0).id, type="other", key=None, time=NOON, node=None, user="u", problems=()
    )

    assert await inbox.readmit([fixed]) == [4]

    [event] = await inbox.read(Query(state="released"))
    assert (event.seq, event.id, event.type, event.user, event.raw, event.released) == (
        4, usual(0).id, "other", "u", b"0", True,
    )  # fmt: skip
    with closing(sqlite3.connect(path)) as connection:
        assert amounts(connection) == [3, 1]


@pytest.mark.parametrize("heads", ["[", "[[1]]", '[["s"]]'])
async def test_a_damaged_bundle_is_an_error_of_the_store(inbox, path, heads):
    await inbox.append([usual(1)])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE bundles SET heads = ?", (heads,))

    with pytest.raises(StoreError, match=r"damaged; restore|malformed JSON"):
        await inbox.read(Query())


async def test_an_event_with_a_value_of_a_wrong_type_holds_up_nobody(inbox):
    """It would be a fault of Receiver's own; no later event may be stuck behind it."""
    await inbox.append([usual(1, node=5), usual(2)])

    found = await inbox.read(Query())

    assert [(event.id, event.node) for event in found] == [(usual(1).id, 5), (usual(2).id, "n2")]


async def test_a_released_event_has_its_time_in_utc(inbox):
    await inbox.append([usual(0, problems=("odd",))])
    there = NOON.astimezone(timezone(timedelta(hours=5)))
    fixed = Rejudged(id=usual(0).id, type="t", key=None, time=there, node=None, user=None)

    await inbox.readmit([fixed])

    [event] = await inbox.read(Query())
    assert (event.time, event.time.tzinfo) == (NOON, UTC)
