"""The statements of `queries.sql` and its neighbours, by name.

Must not know: what they are run for.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

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
