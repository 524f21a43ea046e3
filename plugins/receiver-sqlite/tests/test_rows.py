"""Events become rows: once each, in the table of their source, as they were sent."""

from __future__ import annotations

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from receiver_sqlite import Sqlite
from receiver_sqlite.tables import name_of

from receiver import Reject


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def tables(path: Path) -> set[str]:
    return {name for (name,) in rows(path, "SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_the_sink_is_found_because_it_is_installed() -> None:
    [found] = entry_points(group="receiver.sinks", name="sqlite")
    assert found.load() is Sqlite


def test_only_the_owner_may_read_what_is_kept(tmp_path: Path, make_event: Any) -> None:
    before = os.umask(0o022)
    try:
        sink = Sqlite(Sqlite.Settings(path=tmp_path / "made" / "events.db"))
        sink.open()
        sink.on_batch([make_event(1)])
        assert {
            file.name: oct(file.stat().st_mode & 0o777) for file in tmp_path.glob("made/*")
        } == {
            "events.db": "0o600",
            "events.db-shm": "0o600",
            "events.db-wal": "0o600",
        }
        assert (tmp_path / "made").stat().st_mode & 0o777 == 0o700
        sink.close()
    finally:
        os.umask(before)


def test_an_event_is_kept_with_all_that_is_known_of_it(
    sink: Sqlite, path: Path, make_event: Any
) -> None:
    event = make_event(1, key="k-1", user="u1")
    assert sink.on_batch([event]) == [True]
    assert rows(path, "SELECT * FROM acme") == [
        (
            1,
            "id-1",
            "acme",
            "thing/changed",
            "k-1",
            "2026-05-01T12:00:00.500000Z",
            "2026-05-01T12:00:01.000000Z",
            "n1",
            "u1",
            event.raw.decode(),
        )
    ]


def test_a_repeated_delivery_changes_nothing(sink: Sqlite, path: Path, make_event: Any) -> None:
    sink.on_batch([make_event(1), make_event(2)])
    repeated = make_event(1, seq=99, attempt=2)
    assert sink.on_batch([repeated, make_event(3), make_event(3)]) == [True, True, True]
    assert rows(path, "SELECT seq FROM acme ORDER BY seq") == [(1,), (2,), (3,)]


def test_each_source_has_its_table(sink: Sqlite, path: Path, make_event: Any) -> None:
    sink.on_batch([make_event(1), make_event(2, source="other"), make_event(3)])
    assert tables(path) == {"acme", "other"}
    assert rows(path, "SELECT id FROM other") == [("id-2",)]


def test_all_sources_may_share_one_table(path: Path, make_event: Any) -> None:
    sink = Sqlite(Sqlite.Settings(path=path, per_source=False))
    sink.open()
    sink.on_batch([make_event(1), make_event(2, source="other")])
    sink.close()
    assert rows(path, "SELECT source FROM events ORDER BY seq") == [("acme",), ("other",)]


def test_the_text_order_of_times_is_the_order_of_time(
    sink: Sqlite, path: Path, make_event: Any
) -> None:
    sink.on_batch([make_event(n) for n in range(6, 0, -1)])
    assert [seq for (seq,) in rows(path, "SELECT seq FROM acme ORDER BY time")] == [*range(1, 7)]


def test_payloads_can_be_asked_by_sqlites_json_functions(
    sink: Sqlite, path: Path, make_event: Any
) -> None:
    sink.on_batch([make_event(5)])
    assert rows(path, "SELECT data ->> '$.n', data ->> '$.name' FROM acme") == [(5, "Küche")]


def test_what_is_not_text_is_rejected_alone(sink: Sqlite, path: Path, make_event: Any) -> None:
    first, second, third = sink.on_batch(
        [make_event(1), make_event(2, raw=b'"\xff"'), make_event(3)]
    )
    assert (first, third) == (True, True)
    assert isinstance(second, Reject)
    assert rows(path, "SELECT seq FROM acme ORDER BY seq") == [(1,), (3,)]


def test_a_file_from_before_is_added_to(path: Path, make_event: Any) -> None:
    for number in (1, 2):
        sink = Sqlite(Sqlite.Settings(path=path))
        sink.open()
        sink.on_batch([make_event(number)])
        sink.close()
    assert rows(path, "SELECT seq FROM acme") == [(1,), (2,)]


def test_any_thread_may_write(sink: Sqlite, path: Path, make_event: Any) -> None:
    with ThreadPoolExecutor(4) as threads:
        batches = [[make_event(n), make_event(n + 1)] for n in range(40)]
        assert all(outcome == [True, True] for outcome in threads.map(sink.on_batch, batches))
    assert rows(path, "SELECT count(*) FROM acme") == [(41,)]


@pytest.mark.parametrize(
    ("source", "table"),
    [
        ("acme", "acme"),
        ("Acme-Cloud", "acme_cloud"),
        ('x"; DROP TABLE acme; --', "x___drop_table_acme____"),
        ("9lives", "_9lives"),
        ("sqlite_master", "_sqlite_master"),
        ("select", "select"),
        ("", "_"),
    ],
)
def test_a_table_is_named_like_its_source(
    source: str, table: str, sink: Sqlite, path: Path, make_event: Any
) -> None:
    assert name_of(source) == table
    sink.on_batch([make_event(1, source=source)])
    assert tables(path) == {table}


@pytest.mark.parametrize("settings", [{}, {"path": "x.db", "tabel": "y"}])
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Sqlite.Settings(**settings)
