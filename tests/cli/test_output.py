"""What is printed: safe on a terminal, plain in a pipe."""

from __future__ import annotations

import io
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.cli import moments, output
from receiver.errors import ReceiverError

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@given(st.text())
def test_nothing_that_drives_a_terminal_is_printed(text: str) -> None:
    assert output.printable(text).isprintable()


def test_an_escape_sequence_is_shown_and_not_obeyed() -> None:
    assert output.printable("\x1b[2Jhi\n") == "\\x1b[2Jhi\\n"


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
