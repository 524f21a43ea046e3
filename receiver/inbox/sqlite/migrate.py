"""The schema of the store: made in a new file, brought up step by step in an old one.

`schema.sql` makes a new store. `migrations/NNNN_what.sql` brings a store of version NNNN-1 to NNNN;
the newest of them is the version of `schema.sql` (1 as long as there are none).
Must not know: what the tables are for.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from receiver.errors import StoreError
from receiver.inbox.sqlite.connection import connect, explaining, number, one, transaction
from receiver.inbox.sqlite.queries import SQL

_STEP = re.compile(r"(\d{4})_\w+\.sql")


PAGE_BYTES = 8192
"""Of a new store. A bundle fills several pages, each of which is a write to the log, a read and a
write more; an older store keeps its pages of 4 KiB."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What a store must look like, and the ways there."""

    version: int
    create: str
    steps: Mapping[int, str]
    """For each version but the first, the script that makes it of the version before."""


def load(folder: Traversable) -> Schema:
    """The schema in a folder. Raises StoreError where a step is missing."""
    migrations = folder.joinpath("migrations")
    steps = {
        int(found[1]): entry.read_text("utf-8")
        # An installed package has no folder for no files.
        for entry in (migrations.iterdir() if migrations.is_dir() else ())
        if (found := _STEP.fullmatch(entry.name))
    }
    version = max(steps, default=1)
    missing = set(range(2, version + 1)) - steps.keys()
    if missing or min(steps, default=2) < 2:
        raise StoreError(f"migrations do not count 0002, 0003, … up to {version:04}")
    return Schema(version, folder.joinpath("schema.sql").read_text("utf-8"), steps)


SCHEMA = load(files(__package__))
"""The schema that this version of Receiver writes."""


def bring_up(connection: sqlite3.Connection, schema: Schema = SCHEMA) -> str:
    """Make or migrate the schema, each step in its own transaction; returns the store's id.

    The caller holds the common lock. Raises StoreError when the file is of a newer version or not
    a store at all, and sqlite3.Error.
    """
    if version_of(connection) is None:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}").close()
        connection.execute("PRAGMA journal_mode = WAL").close()
        with transaction(connection):
            _run(connection, schema.create)
            connection.execute(SQL["set_meta"], ("store_id", secrets.token_hex(8)))
            connection.execute(SQL["set_meta"], ("schema_version", schema.version))
    version = version_of(connection) or 0
    if version > schema.version:
        raise StoreError(
            f"the store has schema version {version}, this Receiver knows {schema.version}: "
            "run the newer Receiver that wrote it"
        )
    for step in range(version + 1, schema.version + 1):
        with transaction(connection):
            _run(connection, schema.steps[step])
            connection.execute(SQL["set_meta"], ("schema_version", step))
    row = one(connection, SQL["meta"], ("store_id",))
    return str(row[0]) if row else ""


def awaiting(path: Path) -> int | None:
    """How many events of an older store are to be brought to the newest version; None: no such.

    Raises StoreError.
    """
    if not path.exists():
        return None
    with (
        explaining(path),
        closing(connect(path, synchronous="NORMAL", create=False)) as connection,
    ):
        version = version_of(connection)
        if version is None or version >= SCHEMA.version:
            return None
        return number(connection, SQL["how_many"])


def version_of(connection: sqlite3.Connection) -> int | None:
    """The schema version of the file; None for an empty one. Raises StoreError for another's."""
    tables = one(connection, SQL["tables"])
    if tables == (0,):
        return None
    if one(connection, SQL["has_meta"]) == (1,):
        row = one(connection, SQL["meta"], ("schema_version",))
        if row is not None and isinstance(row[0], int):
            return row[0]
    raise StoreError("the file is an SQLite database of another program, not a store of Receiver")


def _run(connection: sqlite3.Connection, script: str) -> None:
    """Run a script within the open transaction (`executescript` would commit it first)."""
    for statement in _statements(script):
        connection.execute(statement).close()


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement
