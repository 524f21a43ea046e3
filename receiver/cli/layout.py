"""How records are laid out for a person: a table where it fits, else one block for each.

No word is ever parted: what is copied from here is whole, or a form that commands accept.
Must not know: terminals, what is being told.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

ID = "id"
SEQ = "seq"
SHORTEST_ID = 13
"""Characters of a shortened id: of ours, these are the millisecond in which it was made."""
GAP = "  "
NARROW = 16
"""A column whose text is longer than this is not made narrower than this."""

Cell = Callable[[Any], str]
"""One value in one line."""


def lay_out(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    width: int,
    now: datetime,
    cell: Cell,
) -> Iterator[str]:
    """The lines of `rows`, at most `width` characters wide where their words allow it.

    Columns without any value are left out.
    """
    every = range(len(columns))
    used = [n for n in every if not all(_is_absent(row[n]) for row in rows)] or list(every)
    names = [columns[n] for n in used]
    table = [[moment(row[n], now) or cell(row[n]) for n in used] for row in rows]
    for shown, lines in _forms(names, table):
        widths = _widths(shown, lines, width)
        if widths is not None:
            return _table(shown, lines, widths)
    blocks = [[(columns[n], cell(row[n])) for n in used if not _is_absent(row[n])] for row in rows]
    return _blocks(blocks, max(map(_length, names)) + len(GAP), width)


def _is_absent(value: Any) -> bool:
    return value is None or value in ("", (), [])


def moment(value: Any, now: datetime) -> str | None:
    """A time in UTC, short: of today the time, of another day the date; None for another value."""
    if not isinstance(value, datetime):
        return None
    when = value.astimezone(UTC)
    today = when.date() == now.astimezone(UTC).date()
    return when.strftime("%H:%M:%S" if today else "%Y-%m-%d")


def shortened(ids: Sequence[str]) -> list[str]:
    """The ids as the shortest starts that tell them apart, of at least `SHORTEST_ID` characters."""
    length = SHORTEST_ID
    different = len(set(ids))
    while len({one[:length] for one in ids}) < different:
        length += 1
    return [one[:length] for one in ids]


def _forms(names: list[str], table: list[list[str]]) -> Iterator[tuple[list[str], list[list[str]]]]:
    """The table as it is; with short ids; without them, where each record has another name."""
    yield names, table
    if ID not in names:
        return
    at = names.index(ID)
    ids = shortened([row[at] for row in table])
    yield names, [[*row[:at], short, *row[at + 1 :]] for row, short in zip(table, ids, strict=True)]
    if SEQ in names and all(row[names.index(SEQ)].isdecimal() for row in table):
        yield [*names[:at], *names[at + 1 :]], [[*row[:at], *row[at + 1 :]] for row in table]


def _widths(names: list[str], table: list[list[str]], width: int) -> list[int] | None:
    """How wide each column is to be; None where the words do not fit side by side."""
    columns = list(zip(names, *table, strict=True))
    widths = [max(map(_length, texts)) for texts in columns]
    least = [
        max(min(natural, NARROW), *(_length(word) for text in texts for word in text.split(" ")))
        for natural, texts in zip(widths, columns, strict=True)
    ]
    # A header is one word: it is not folded either.
    least = [max(low, _length(name)) for low, name in zip(least, names, strict=True)]
    room = width - len(GAP) * (len(names) - 1)
    if sum(least) > room:
        return None
    while sum(widths) > room:
        widest = max(range(len(names)), key=lambda n: (widths[n] > least[n], widths[n]))
        widths[widest] -= 1
    return widths


def _table(names: list[str], table: list[list[str]], widths: list[int]) -> Iterator[str]:
    yield _row(names, widths)
    yield "─" * (sum(widths) + len(GAP) * (len(widths) - 1))
    for row in table:
        folded = [_fold(text, width) for text, width in zip(row, widths, strict=True)]
        for n in range(max(map(len, folded))):
            yield _row([lines[n] if n < len(lines) else "" for lines in folded], widths)


def _row(texts: list[str], widths: list[int]) -> str:
    padded = [
        text + " " * (width - _length(text)) for text, width in zip(texts, widths, strict=True)
    ]
    return GAP.join(padded).rstrip()


def _blocks(records: list[list[tuple[str, str]]], indent: int, width: int) -> Iterator[str]:
    """One record after the other, a line for each of its values, indented by their names."""
    for number, record in enumerate(records):
        if number:
            yield ""
        for name, text in record:
            first, *more = _fold(text, max(NARROW, width - indent))
            yield f"{name:<{indent}}{first}"
            yield from (" " * indent + line for line in more)


def _fold(text: str, width: int) -> list[str]:
    """The text in lines of at most `width`, parted between words only."""
    if _length(text) <= width:
        return [text]
    lines: list[str] = []
    for part in textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False):
        # Wide characters take two places, which textwrap does not count.
        lines += [part] if _length(part) <= width else part.split(" ")
    return lines or [text]


def _length(text: str) -> int:
    """The places that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
