"""What is printed: safe on a terminal, plain in a pipe."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.cli import layout, moments, output
from receiver.errors import ReceiverError

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


EVIL = "\x1b[2J\x9b31m\x7f\u202e\u2028\ud800\U000e0001\r\n\t"


@given(st.text(st.characters(exclude_categories=())), st.sampled_from(["", "\n"]))
def test_nothing_that_drives_a_terminal_is_printed(text: str, keep: str) -> None:
    shown = output.printable(text, keep)
    assert all(char.isprintable() or char in keep for char in shown)


def test_an_escape_sequence_is_shown_and_not_obeyed() -> None:
    assert output.printable("\x1b[2Jhi\n") == "\\u001b[2Jhi\\n"


@pytest.mark.parametrize("write", [output.structure, output.record])
def test_json_is_printable_and_means_the_same(
    write: Callable[[Any], None], capsys: pytest.CaptureFixture[str]
) -> None:
    said = {EVIL: [EVIL], "grün": "日本"}
    write(said)
    out, _ = capsys.readouterr()
    assert all(char.isprintable() or char == "\n" for char in out)
    assert json.loads(out) == said
    assert "grün" in out


def test_a_message_that_quotes_a_sender_is_printable(capsys: pytest.CaptureFixture[str]) -> None:
    output.tell(f"no such event: {EVIL}")
    _, err = capsys.readouterr()
    assert all(char.isprintable() or char in "\n\t" for char in err)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_table_on_a_terminal_is_ruled_and_without_color_when_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    output.table(("name", "value"), [("[red]a[/red]", "\x1b[31m")])
    shown = terminal.getvalue()
    assert "[red]a[/red]" in shown
    assert "─" in shown
    assert "\x1b[3" not in shown


def shown(
    columns: tuple[str, ...], rows: list[tuple[Any, ...]], width: int = 80, now: datetime = NOW
) -> list[str]:
    return list(layout.lay_out(columns, rows, width=width, now=now, cell=output.cell))


IDS = ("019ac0de-0000-7000-8000-000000000000", "019ac0de-0000-7abc-8000-000000000000")


def test_times_are_short_and_empty_columns_are_left_out() -> None:
    rows = [(1, NOW.replace(hour=8), None), (2, NOW - timedelta(days=1), "")]
    assert shown(("seq", "received", "user"), rows) == [
        "seq  received",
        "───────────────",
        "1    08:00:00",
        "2    2026-01-30",
    ]


def test_ids_are_whole_where_they_fit_and_as_long_as_it_takes_elsewhere() -> None:
    rows = [(number, one, "appliance/online") for number, one in enumerate(IDS)]
    assert IDS[0] in shown(("seq", "id", "type"), rows)[2]
    narrow = shown(("seq", "id", "type"), rows, width=50)
    assert narrow[2] == "0    019ac0de-0000-70  appliance/online"
    assert narrow[3] == "1    019ac0de-0000-7a  appliance/online"
    assert shown(("seq", "id", "type"), rows, width=30)[2] == "0    appliance/online"


def test_words_are_folded_between_and_never_inside() -> None:
    rows = [("a", "some words that tell a person what went wrong here, and what to do about it")]
    lines = shown(("name", "why"), rows, width=40)
    assert all(len(line) <= 40 for line in lines)
    assert " ".join(line[6:].strip() for line in lines[2:]) == rows[0][1]


def test_what_does_not_fit_side_by_side_is_a_block_for_each() -> None:
    secret = "f" * 64
    rows = [("gridx", "X-Signature", "hmac", secret), ("flespi", "X-Key", "static", secret)]
    assert shown(("source", "header", "kind", "secret"), rows) == [
        "source  gridx",
        "header  X-Signature",
        "kind    hmac",
        f"secret  {secret}",
        "",
        "source  flespi",
        "header  X-Key",
        "kind    static",
        f"secret  {secret}",
    ]


WORDS = st.lists(st.text("ab-/日", min_size=1, max_size=30), min_size=1, max_size=8).map(" ".join)


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=4), st.integers(20, 120))
def test_every_word_is_whole_at_every_width(rows: list[tuple[Any, ...]], width: int) -> None:
    words = {word for line in shown(("one", "two", "three"), rows, width) for word in line.split()}
    assert {word for row in rows for text in row for word in text.split()} <= words


def test_a_table_of_nothing_has_its_columns() -> None:
    assert shown(("a", "b"), [(None, "")]) == ["a  b", "────", "-  -"]


def test_a_pipe_gets_whole_values(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("id", "received", "user"), [(IDS[0], NOW, None)])
    assert capsys.readouterr().out == (
        f"id\treceived\tuser\n{IDS[0]}\t2026-01-31T12:00:00.000Z\t-\n"
    )


def test_an_empty_table_says_so_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("a",), [], empty="nothing")
    assert capsys.readouterr() == ("", "nothing\n")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("10m", NOW - timedelta(minutes=10)),
        ("2d", NOW - timedelta(days=2)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T08:00+02:00", datetime(2026, 1, 31, 6, tzinfo=UTC)),
        (None, None),
    ],
)
def test_times_are_read_as_people_write_them(text: str | None, moment: datetime | None) -> None:
    assert moments.read(text, NOW) == moment


@given(st.text())
def test_any_text_is_a_time_in_utc_or_refused(text: str) -> None:
    with suppress(ReceiverError):
        found = moments.read(text, NOW)
        assert found
        assert found.tzinfo is UTC
