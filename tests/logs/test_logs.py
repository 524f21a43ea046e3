"""What is logged: a line each, no control character raw, no secret, whoever logs."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from receiver import logs
from receiver.redaction import Redaction

ANY = st.text() | st.sampled_from(["\x1b[2J\x1b[H", "a\r\nforged", "\x9b31m", "\u2028", "\ud800"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY, inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.dictionaries(ANY, VALUES, max_size=4)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Written:
    """Loggers of the stdlib and of structlog that write to a text."""

    def __init__(
        self, format: logs.Format, stream: io.StringIO | None = None, *hidden: str
    ) -> None:
        self.stream = stream or io.StringIO()
        lines = logs.Lines(self.stream, format)
        lines.redaction = Redaction(hidden)
        self.plain = logging.Logger("receiver.test")
        self.plain.addHandler(lines)
        self.structured: Any = structlog.wrap_logger(
            self.plain,
            processors=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
            ],
            wrapper_class=structlog.stdlib.BoundLogger,
        )

    @property
    def text(self) -> str:
        return self.stream.getvalue()


def failing(message: str) -> tuple[Any, Any, Any]:
    try:
        raise ValueError(message)
    except ValueError:
        return sys.exc_info()


@pytest.mark.parametrize("format", ["json", "text"])
@given(event=ANY, fields=FIELDS)
def test_no_field_writes_a_control_character_or_a_second_line(
    format: logs.Format, event: str, fields: dict[str, Any]
) -> None:
    written = Written(format)
    fields = {key: value for key, value in fields.items() if key != "event"}
    written.structured._proxy_to_logger("warning", event, **{"x": 1, **fields})
    written.plain.warning("%s", event, extra={"from_outside": fields})
    lines = written.text.split("\n")
    assert len(lines) == 3
    assert lines.pop() == ""
    assert all(line.isprintable() for line in lines)
    assert all(line.isascii() for line in lines) or format == "text"


@pytest.mark.parametrize("format", ["json", "text"])
@given(message=ANY)
def test_a_trace_holds_nothing_raw_and_its_lines_are_set_in(
    format: logs.Format, message: str
) -> None:
    written = Written(format)
    written.plain.error("it failed", exc_info=failing(message))
    first, *rest = written.text.removesuffix("\n").split("\n")
    assert first.isprintable()
    assert all(line.isprintable() and line.startswith("    ") for line in rest if line)
    assert ("ValueError" in first) == (format == "json")


def test_json_says_who_when_and_how_bad() -> None:
    written = Written("json")
    written.plain.warning("%s of %d", "one", 2, extra={"route": "main"})
    told = json.loads(written.text)
    assert told.pop("timestamp").endswith("Z")
    assert told == {
        "event": "one of 2",
        "level": "warning",
        "logger": "receiver.test",
        "route": "main",
    }


def test_auto_is_text_on_a_terminal_and_json_elsewhere() -> None:
    shown, piped = Written("auto", Terminal()), Written("auto")
    for written in (shown, piped):
        written.plain.warning("hello")
    assert "\x1b[" in shown.text, "colours of our own"
    assert json.loads(piped.text)["event"] == "hello"


@pytest.mark.parametrize("format", ["json", "text"])
def test_known_secrets_are_taken_out_wherever_they_are(format: logs.Format) -> None:
    secret = "hush-hush-hush"
    written = Written(format, None, secret)
    written.plain.warning("with %s", secret, extra={"deep": [{"in": secret}], "obj": {1: secret}})
    written.plain.error("failed", exc_info=failing(f"token {secret}"))
    assert secret not in written.text
    assert "**********" in written.text


class Hostile:
    def __repr__(self) -> str:
        raise RuntimeError("\x1b[2J not even this")


@pytest.mark.parametrize("format", ["json", "text"])
def test_what_cannot_be_written_is_told_without_showing_it(format: logs.Format) -> None:
    written = Written(format)
    written.plain.warning("%d", "\x1b[2J no number")
    written.structured.warning("said", thing=Hostile())
    lines = written.text.splitlines()
    assert len(lines) == 2
    assert json.loads(lines[0])["event"] == "a log record could not be written"
    assert json.loads(lines[0])["error"] == "TypeError"
    assert "<Hostile>" in lines[1]


def test_a_line_is_bounded_however_much_it_is_given() -> None:
    written = Written("json")
    huge: list[Any] = ["x" * 10_000_000, list(range(1_000_000)), 10**100_000]
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    written.plain.warning("much", extra={"huge": huge, "deep": deep[0][0]})
    assert len(written.text) < 40_000


SERVERS = """
import logging, sys, threading, warnings
import gunicorn.config, structlog
from receiver import logs
from receiver.arbiterlog import ArbiterLog

logs.configure("json")
logs.hide(["sesame-open"])
arbiter = ArbiterLog(gunicorn.config.Config())
uvicorn = logging.getLogger("uvicorn.error")
uvicorn.handlers, uvicorn.propagate = [logging.StreamHandler()], False  # as uvicorn's worker does
logs.adopt()
arbiter.setup(arbiter.cfg)  # as on SIGHUP
arbiter.info("from the arbiter\\u001b[2J")
uvicorn.info("from uvicorn")
logging.getLogger("receiver.http").info("from us")
logging.getLogger("asyncio").info("from elsewhere, of no interest")
logging.getLogger("asyncio").error("from elsewhere")
structlog.get_logger("receiver.sink").bind(route="main").info("from a sink", token="sesame-open")
warnings.warn("from Python")
thread = threading.Thread(target=lambda: 1 / 0, name="t1")
thread.start(); thread.join()
"""


def test_servers_libraries_sinks_and_threads_all_log_in_one_way(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVERS], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"].partition(" ")[0] for line in told[:5]] == ["from"] * 5
    assert told[0]["event"] == r"from the arbiter\u001b[2J"
    assert told[4]["token"] == "**********"
    assert told[4]["route"] == "main"
    assert "from Python" in told[5]["event"]
    assert "ZeroDivisionError" in told[6]["exception"]
    assert len(told) == 7
