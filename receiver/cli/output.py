"""How the command line speaks: a table on a terminal, tabs in a pipe, JSON when asked.

What comes from a sender is printed with its control characters escaped, as JSON, too, so that a
payload cannot drive the reader's terminal. Must not know: what is being told.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from receiver.event import rfc3339
from receiver.printable import printable as printable

MISSING = "-"
COPIED = frozenset({"id", "secret"})
"""Columns that people copy from: never folded."""


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str = "") -> None:
    """Print rows: ruled on a terminal; one line each with tabs, after a line of names, in a pipe.

    `empty` is told on stderr instead of a table without rows.
    """
    cells = [[cell(value) for value in row] for row in rows]
    if not cells and empty:
        tell(empty)
        return
    if sys.stdout.isatty():
        _ruled(columns, cells)
        return
    for row in (list(columns), *cells):
        line("\t".join(row))


def structure(value: Any) -> None:
    """Print any plain value as indented JSON."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=_plain)
    line(printable(text, keep="\n"))


def record(value: Any) -> None:
    """Print any plain value as one line of JSON."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
    line(printable(text))


def line(text: str) -> None:
    """Print one line on stdout, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def tell(text: str) -> None:
    """Print one line on stderr: for a person, not for the next program."""
    sys.stderr.write(printable(text, keep="\n\t") + "\n")
    sys.stderr.flush()


def cell(value: Any) -> str:
    """One value as a person reads it in one line."""
    if value is None or value == "":
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, tuple | list):
        return printable("; ".join(map(str, value))) or MISSING
    return printable(str(value))


def count(number: int, noun: str) -> str:
    """`1 route`, `2 routes`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def moment(value: datetime) -> str:
    """A time in UTC, to the millisecond."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ruled(columns: Sequence[str], cells: list[list[str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    ruled = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        ruled.add_column(name, overflow="fold", no_wrap=name in COPIED)
    for row in cells:
        ruled.add_row(*(Text(text) for text in row))
    Console().print(ruled)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    return str(value)
