"""How the command line speaks: a table on a terminal, tabs in a pipe, JSON when asked.

What comes from a sender is printed with its control characters escaped, as JSON, too, so that a
payload cannot drive the reader's terminal. Must not know: what is being told.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from receiver.cli.layout import lay_out
from receiver.event import rfc3339
from receiver.printable import printable as printable

MISSING = "-"


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str = "") -> None:
    """Print rows: laid out on a terminal; with tabs, after a line of names, in a pipe.

    In a pipe every value is whole. `empty` is told on stderr instead of a table without rows.
    """
    found = [list(row) for row in rows]
    if not found and empty:
        tell(empty)
    elif not sys.stdout.isatty():
        for cells in (list(columns), *([cell(value) for value in row] for row in found)):
            line("\t".join(cells))
    elif found:
        width = shutil.get_terminal_size().columns
        now = datetime.now(UTC)
        for text in lay_out(columns, found, width=width, now=now, cell=cell):
            line(text)


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


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    return str(value)
