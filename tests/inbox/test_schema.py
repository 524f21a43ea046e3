"""The schema: made, migrated, refused; and the statements that use it."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import receiver.inbox.sqlite as package
from receiver.errors import StoreError
from receiver.inbox import Query, RouteStart
from receiver.inbox.sqlite.connection import connect
from receiver.inbox.sqlite.migrate import SCHEMA, bring_up, load, version_of
from receiver.inbox.sqlite.queries import SQL, parse, repeated
from receiver.inbox.sqlite.rows import micros

FOLDER = Path(package.__file__).parent
OLD_TIMES = (0, 1, -1, 999_999, -1_000_001, 1_777_636_800_000_000, 253_402_300_799_999_999,
             -62_135_596_800_000_000, 1_777_636_800_123_450, 5)  # fmt: skip
"""Microseconds since 1970, the first and the last that a datetime can be among them."""

NEXT = f"{SCHEMA.version + 1:04}_colour.sql"


def shape(connection):
    """The tables and indexes of a store, however its statements are spaced."""
    rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    return {name: re.sub(r"\s+", " ", sql) for name, sql in rows}


@pytest.fixture
def next_schema(tmp_path):
    """Tomorrow's schema: the one of today, and one more migration."""
    folder = tmp_path / "tomorrow"
    shutil.copytree(FOLDER / "migrations", folder / "migrations")
    shutil.copy(FOLDER / "schema.sql", folder)
    script = (
        "ALTER TABLE routes ADD COLUMN colour TEXT;\nUPDATE routes SET colour = 'red; green';\n"
    )
    (folder / "migrations" / NEXT).write_text(script)
    return folder


@pytest.fixture
def open_file(path):
    opened = []

    def run():
        opened.append(connect(path, synchronous="FULL", create=True))
        return opened[-1]

    yield run
    for connection in opened:
        connection.close()


def test_a_new_store_has_the_newest_version(open_file):
    connection = open_file()
    assert version_of(connection) is None

    bring_up(connection)

    assert version_of(connection) == SCHEMA.version


def test_making_it_again_changes_nothing(open_file):
    connection = open_file()
    store_id = bring_up(connection)
    before = shape(connection)

    assert bring_up(connection) == store_id
    assert shape(connection) == before


def test_two_stores_have_two_ids(open_file, tmp_path):
    with closing(connect(tmp_path / "other.db", synchronous="FULL", create=True)) as other:
        assert bring_up(open_file()) != bring_up(other)


async def test_an_older_store_is_migrated_with_all_it_holds(inbox, open_file, next_schema, entry):
    await inbox.register([RouteStart(route="r")])
    await inbox.append([entry(), entry()])
    await inbox.close()
    connection = open_file()

    bring_up(connection, load(next_schema))

    assert version_of(connection) == SCHEMA.version + 1
    assert connection.execute("SELECT route, colour FROM routes").fetchall() == [
        ("r", "red; green")
    ]
    assert connection.execute("SELECT count(*) FROM events").fetchone() == (2,)


async def test_a_store_of_version_1_becomes_bundles_with_all_it_holds(store, path):
    """It kept a row for each event."""
    with closing(connect(path, synchronous="FULL", create=True)) as old:
        old.executescript(Path(__file__).with_name("schemas").joinpath("1.sql").read_text())
        old.execute(SQL["set_meta"], ("store_id", "x"))
        old.execute(SQL["set_meta"], ("schema_version", 1))
        rows = [
            (f"id-{seq}", f"nöde {seq}" if seq % 2 else None, at, seq == 8, b"\x00\xff" * seq)
            for seq, at in enumerate(OLD_TIMES, 1)
        ]
        old.executemany(
            "INSERT INTO events (id, source, type, key, time, received_at, node, operation,"
            " secret, released, raw) VALUES (?1, 'acme', 'a \"t\"', NULL, ?3, 5, ?2, 'o', 's',"
            " ?4, ?5)",
            rows,
        )
        old.execute("DELETE FROM events WHERE seq IN (4, 10)")
        old.execute("UPDATE tally SET events = 8, dedup_keys = 3, last_dedup = 7")

    inbox = store()
    found = await inbox.read(Query())

    assert [(e.seq, e.id, e.node, micros(e.time), e.released, e.raw) for e in found] == [
        (seq, *row) for seq, row in enumerate(rows, 1) if seq not in (4, 10)
    ]
    assert {(e.source, e.type, e.key, e.user, e.operation, e.secret, e.trace) for e in found} == {
        ("acme", 'a "t"', None, None, "o", "s", None)
    }
    assert {micros(e.received_at) for e in found} == {5}
    figures = await inbox.figures()
    assert (figures.events, figures.last_seq, figures.dedup_keys) == (8, 10, 3)
    assert [event.id for event in await inbox.read(Query(ids=("id-7",)))] == ["id-7"]


async def test_a_position_is_not_given_twice_by_a_store_of_version_1(store, path, entry):
    with closing(connect(path, synchronous="FULL", create=True)) as old:
        old.executescript(Path(__file__).with_name("schemas").joinpath("1.sql").read_text())
        old.execute(SQL["set_meta"], ("store_id", "x"))
        old.execute(SQL["set_meta"], ("schema_version", 1))
        old.execute(
            "INSERT INTO events (seq, id, source, type, time, received_at, operation, secret, raw)"
            " VALUES (41, 'a', 's', 't', 0, 0, 'o', 's', x'')"
        )
        old.execute("DELETE FROM events")
    inbox = store()

    await inbox.append([entry()])

    assert [event.seq for event in await inbox.read(Query())] == [42]


def test_a_migration_that_fails_leaves_the_store_as_it_was(open_file, next_schema):
    connection = open_file()
    bring_up(connection)
    before = shape(connection)
    broken = "ALTER TABLE routes ADD COLUMN colour TEXT;\nINSERT INTO nowhere VALUES (1);\n"
    (next_schema / "migrations" / NEXT).write_text(broken)

    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        bring_up(connection, load(next_schema))

    assert (version_of(connection), shape(connection)) == (SCHEMA.version, before)


async def test_a_newer_store_is_refused_with_what_to_do(inbox, open_file, entry):
    connection = open_file()
    bring_up(connection)
    connection.execute(SQL["set_meta"], ("schema_version", SCHEMA.version + 1))

    with pytest.raises(StoreError, match="run the newer Receiver"):
        await inbox.append([entry()])


def test_migrations_must_not_leave_a_gap(next_schema):
    (next_schema / "migrations" / f"{SCHEMA.version + 3:04}_later.sql").write_text("SELECT 1;")

    with pytest.raises(StoreError, match="0002, 0003"):
        load(next_schema)


def test_without_migrations_the_version_is_the_first(tmp_path):
    shutil.copy(FOLDER / "schema.sql", tmp_path)

    assert load(tmp_path).version == 1


def test_the_released_schemas_migrate_to_the_one_that_is_made(open_file, tmp_path):
    """`schemas/N.sql` is what version N made; the last is today's."""
    released = sorted((Path(__file__).with_name("schemas")).glob("*.sql"))
    assert [int(file.stem) for file in released] == list(range(1, SCHEMA.version + 1))
    fresh = open_file()
    bring_up(fresh)
    for file in released:
        with closing(connect(tmp_path / file.name, synchronous="FULL", create=True)) as old:
            old.executescript(file.read_text())
            old.execute(SQL["set_meta"], ("store_id", "x"))
            old.execute(SQL["set_meta"], ("schema_version", int(file.stem)))
            bring_up(old)
            assert shape(old) == shape(fresh)


def test_every_statement_is_used_and_every_used_one_exists():
    code = "\n".join(file.read_text() for file in FOLDER.glob("*.py"))

    for name in SQL:
        assert re.search(rf'"{name}"', code), f"nobody runs {name}"
    assert set(re.findall(r'SQL\["(\w+)"\]', code)) <= set(SQL)


def test_every_statement_can_be_compiled(open_file):
    connection = open_file()
    bring_up(connection)
    for name, sql in SQL.items():
        named = dict.fromkeys(re.findall(r":(\w+)", sql), 1)
        positional = [1] * sql.count("?")
        assert connection.execute(f"EXPLAIN {sql}", named or positional).fetchall(), name


def test_statements_have_one_sentence_and_no_terminator():
    found = parse("-- about\n-- name: one\n-- why\nSELECT 1;\n\n-- name: two\nSELECT\n  2;\n")

    assert found == {"one": "SELECT 1", "two": "SELECT\n  2"}


def test_placeholders_are_repeated_for_rows():
    assert repeated("keep_cursor", 2).count("(?, ?)") == 2
