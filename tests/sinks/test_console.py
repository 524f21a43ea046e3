"""What the console sink prints, and what never reaches a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver import Event
from receiver.sinks.console import Console
from receiver.sinks.text import indented, line

Make = Callable[..., Event[Any]]
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def printed(capsys: pytest.CaptureFixture[str], event: Event[Any], format: str) -> str:
    console = Console(Console.Settings(format=format))
    console.open()
    console.on_event(event)
    return capsys.readouterr().out


def test_a_person_sees_time_source_type_node_and_payload(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    out = printed(capsys, make(raw=b'{"on":true,"where":{"room":"[red]attic[/]"}}'), "pretty")
    head, *body = out.splitlines()
    assert "acme" in head
    assert "thing/on" in head
    assert "n1" in head
    assert body[0] == "    {"
    assert '      "on": true,' in body
    assert "[red]attic[/]" in out


def test_elsewhere_than_on_a_terminal_an_event_is_one_line_of_json(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    out = printed(capsys, make(7, raw=b'{\r\n  "big": 12345678901234567890,\n "f": 1.0}'), "auto")
    assert out.count("\n") == 1
    assert '"big": 12345678901234567890,  "f": 1.0}' in out
    assert json.loads(out)["data"] == {"big": 12345678901234567890, "f": 1.0}
    assert json.loads(out)["time"] == "2026-03-01T12:00:05Z"


def test_attempts_and_replays_are_marked(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, make(attempt=3, replay=True), "pretty")
    assert "attempt 3" in out
    assert "replay" in out


def test_a_long_payload_is_cut_for_people(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, make(raw=b'"' + b"x" * 100_000 + b'"'), "pretty")
    assert len(out) < 25_000
    assert "more characters" in out


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
)


@given(ANY_JSON, st.text(min_size=1), st.booleans())
def test_a_line_is_printable_and_the_same_json(
    make: Make, payload: Any, node: str, pretty: bool
) -> None:
    raw = msgspec.json.format(msgspec.json.encode(payload), indent=2 if pretty else 0)
    text = line(make(raw=raw, node=node))
    assert text.isprintable()
    assert json.loads(text)["data"] == payload
    assert json.loads(text)["node"] == node


@given(ANY_JSON)
def test_an_indented_payload_holds_nothing_that_a_terminal_acts_on(
    make: Make, payload: Any
) -> None:
    text = indented(make(raw=msgspec.json.encode(payload)))
    assert all(part.isprintable() for part in text.split("\n"))
    assert json.loads(text) == payload


def test_tabs_between_tokens_are_no_part_of_the_line(make: Make) -> None:
    assert json.loads(line(make(raw=b'{\t"a":\t"\\t"}')))["data"] == {"a": "\t"}


def test_escapes_of_a_sender_reach_no_terminal(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "\x1b]0;owned\x07\x9b31m\u202e\r\n"
    event = make(raw=msgspec.json.encode({"x": evil}), node=evil, type=evil, source=evil)
    for format in ("pretty", "json"):
        out = COLOURS.sub("", printed(capsys, event, format))
        assert all(char.isprintable() or char == "\n" for char in out)
