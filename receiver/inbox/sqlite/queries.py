"""The statements of `queries.sql` and its neighbours, by name.

Must not know: what they are run for.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_VALUES = re.compile(r"\(\?(?:,\s*\?)*\)")
_NUMBERED = re.compile(r"\(\?\d+(?:,\s*\?\d+)*\)")
_NUMBER = re.compile(r"\?(\d+)")


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


@cache
def repeated(name: str, times: int) -> str:
    """A statement whose one group of placeholders stands `times` times: `(?, ?), (?, ?)`.

    One statement for many rows instead of one run for each, because of the interpreter's lock (see
    queries.sql).
    """
    sql = SQL[name]
    group = _VALUES.search(sql)
    if group is None:
        raise ValueError(f"{name} has no group of placeholders")
    many = ", ".join([group[0]] * times)
    return sql[: group.start()] + many + sql[group.end() :]


@cache
def alike(name: str, times: int) -> str:
    """As `repeated`, of a statement whose placeholders are numbered.

    The first one of the group is the first that differs from row to row. Those of lower numbers
    (`?1` and `?2` of `(?3, ?1, ?2, ?4)`) are the same values in every row, and given once.
    """
    sql = SQL[name]
    group = _NUMBERED.search(sql)
    if group is None:
        raise ValueError(f"{name} has no group of numbered placeholders")
    numbers = [int(number) for number in _NUMBER.findall(group[0])]
    common = numbers[0] - 1
    own = len(numbers) - common

    def row(index: int) -> str:
        shifted = (n if n <= common else n + index * own for n in numbers)
        return f"({', '.join(f'?{n}' for n in shifted)})"

    many = ", ".join(map(row, range(times)))
    return sql[: group.start()] + many + sql[group.end() :]
