"""The statements of `queries.sql` and its neighbours, by name.

Must not know: what they are run for.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import Any

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_VALUES = re.compile(r"\(\?(?:,\s*\?)*\)")


def parse(text: str) -> dict[str, str]:
    """The statements of a file of named statements, without their names."""
    parts = _NAME.split(text)
    return dict(zip(parts[1::2], map(_statement, parts[2::2]), strict=True))


def _statement(text: str) -> str:
    lines = (line for line in text.splitlines() if not line.startswith("--"))
    return "\n".join(lines).strip().removesuffix(";")


FILES = ("queries.sql", "facts.sql", "steering.sql", "mending.sql", "replays.sql", "search.sql")

SQL = {
    name: statement
    for file in FILES
    for name, statement in parse(files(__package__).joinpath(file).read_text("utf-8")).items()
}
"""Every statement of the store."""


LONGEST_GROUP = 128
"""Rows that one statement takes; below it, powers of two, so that few statements are compiled."""


def insert(connection: sqlite3.Connection, name: str, rows: Sequence[Sequence[Any]]) -> None:
    """Run an insertion for all rows, with few statements.

    Each run lets go of the interpreter's lock, and a busy event loop takes up to 5 ms to give it
    back.
    """
    start = 0
    for size in _sizes(len(rows)):
        values = list(chain.from_iterable(rows[start : start + size]))
        connection.execute(repeated(name, size), values).close()
        start += size


def _sizes(amount: int) -> Iterator[int]:
    """Numbers that add up: as many `LONGEST_GROUP` as fit, then ever smaller powers of two."""
    size = LONGEST_GROUP
    while amount:
        while size > amount:
            size //= 2
        yield size
        amount -= size


@cache
def repeated(name: str, times: int) -> str:
    """A statement whose one group of placeholders stands `times` times: `(?, ?), (?, ?)`."""
    sql = SQL[name]
    group = _VALUES.search(sql)
    if group is None:
        raise ValueError(f"{name} has no group of placeholders")
    many = ", ".join([group[0]] * times)
    return sql[: group.start()] + many + sql[group.end() :]
