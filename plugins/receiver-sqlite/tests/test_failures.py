"""What goes wrong with a file, and that the events come again until it is put right."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from receiver_sqlite import Sqlite, database

from receiver import Retry


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.05)


def seqs(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        return [seq for (seq,) in connection.execute("SELECT seq FROM acme ORDER BY seq")]


def test_a_locked_file_is_tried_again(sink: Sqlite, path: Path, make_event: Any) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Retry, match="is locked by another process"):
            sink.on_batch([make_event(1)])
        other.execute("COMMIT")
    assert sink.on_batch([make_event(1)]) == [True]


def test_a_full_disk_keeps_nothing_of_the_batch(sink: Sqlite, path: Path, make_event: Any) -> None:
    # `max_page_count` makes SQLite report SQLITE_FULL exactly as a full disk does.
    sink.on_batch([make_event(1)])
    connection = sink._database._connection
    assert connection is not None
    connection.execute("PRAGMA max_page_count = 4")
    big = make_event(3, raw=b'"%s"' % (b"x" * 100_000))
    with pytest.raises(Retry, match="the disk is full"):
        sink.on_batch([make_event(2), big])
    assert seqs(path) == [1]
    assert sink.on_batch([make_event(2), big]) == [True, True]


def test_a_deleted_file_is_made_anew_and_loses_nothing_from_then_on(
    sink: Sqlite, path: Path, make_event: Any
) -> None:
    sink.on_batch([make_event(1)])
    path.unlink()
    sink.on_batch([make_event(2)])
    assert seqs(path) == [2]


def test_a_file_that_was_moved_away_is_no_longer_written(
    sink: Sqlite, path: Path, make_event: Any
) -> None:
    sink.on_batch([make_event(1)])
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path.rename(path.with_suffix(".old"))
    sink.on_batch([make_event(2)])
    assert (seqs(path.with_suffix(".old")), seqs(path)) == ([1], [2])


def test_a_dropped_table_is_made_again(sink: Sqlite, path: Path, make_event: Any) -> None:
    sink.on_batch([make_event(1)])
    with closing(sqlite3.connect(path)) as other:
        other.execute("DROP TABLE acme")
    with pytest.raises(Retry, match="no such table: acme"):
        sink.on_batch([make_event(2)])
    sink.on_batch([make_event(2)])
    assert seqs(path) == [2]


def test_a_table_of_somebody_else_is_named_and_left_alone(path: Path, make_event: Any) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE acme (id TEXT PRIMARY KEY, mine INTEGER)")
    sink = Sqlite(Sqlite.Settings(path=path))
    sink.open()
    with pytest.raises(Retry, match="table acme has no column named seq"):
        sink.on_batch([make_event(1)])
    sink.close()


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda path: path.write_bytes(b"not a database at all" * 100), "is not a SQLite database"),
        (lambda path: path.mkdir(), "cannot be opened"),
    ],
    ids=["text", "directory"],
)
def test_what_is_no_database_stops_the_sink_from_opening(
    path: Path, prepare: Any, reason: str
) -> None:
    prepare(path)
    with pytest.raises(Retry, match=reason):
        Sqlite(Sqlite.Settings(path=path)).open()


def test_the_folder_is_made_when_the_sink_opens(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "events.db"
    sink = Sqlite(Sqlite.Settings(path=path))
    sink.open()
    sink.close()
    assert path.exists()


def test_a_folder_that_went_away_is_named(tmp_path: Path, make_event: Any) -> None:
    path = tmp_path / "mounted" / "events.db"
    sink = Sqlite(Sqlite.Settings(path=path))
    sink.open()
    path.parent.rename(tmp_path / "unmounted")
    with pytest.raises(Retry, match="its folder must be there"):
        sink.on_batch([make_event(1)])
    sink.close()


def test_a_write_that_hangs_does_not_hang_the_next_one(sink: Sqlite, make_event: Any) -> None:
    with sink._database._lock, pytest.raises(Retry, match="an earlier write has not come to its"):
        sink.on_batch([make_event(1)])


def test_closing_twice_does_nothing(sink: Sqlite) -> None:
    sink.close()
    sink.close()
