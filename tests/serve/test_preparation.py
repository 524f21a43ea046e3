"""The start is prepared in a bounded time, which is longer for a store of an older form."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from receiver import preparation
from receiver.errors import ConfigError
from receiver.inbox import Query
from receiver.inbox.sqlite import open_store
from receiver.inbox.sqlite.migrate import SCHEMA
from receiver.preparation import prepare

VERSION_1 = Path(__file__).parents[1] / "inbox" / "schemas" / "1.sql"
SECONDS = 3.0

Say = Callable[[str], str]


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Say:
    """What becomes of the output of a program that prepares."""
    monkeypatch.setattr(preparation, "SECONDS", SECONDS)

    def run(program: str) -> str:
        with subprocess.Popen(
            [sys.executable, "-c", f"import time\n{program}"], stdout=subprocess.PIPE
        ) as preparing:
            try:
                return preparation._output(preparing)
            finally:
                preparing.kill()

    return run


def test_a_preparation_that_does_not_end_is_given_up(say: Say) -> None:
    with pytest.raises(ConfigError, match="not prepared within 3 s"):
        say("print('a plugin', flush=True); time.sleep(60)")


def test_a_new_form_may_take_longer_and_is_told_of(
    say: Say, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "receiver.preparation"):
        said = say(
            "print('receiver.preparation: upgrading 60000', flush=True)\n"
            f"time.sleep({SECONDS + 1})\n"
            "print('receiver.preparation: upgraded', flush=True)\n"
            "time.sleep(0.5)\n"
            "print('found')"
        )

    assert said.splitlines()[-1] == "found"
    assert "the inbox of 60000 events is brought to the form" in caplog.text


def test_a_new_form_that_takes_much_longer_than_it_should_is_given_up(say: Say) -> None:
    with pytest.raises(ConfigError, match=r"not prepared within 3\.5 s"):
        say("print('receiver.preparation: upgrading 500', flush=True); time.sleep(60)")


def test_what_comes_after_a_new_form_is_bounded_again(say: Say) -> None:
    with pytest.raises(ConfigError, match="not prepared within 3 s"):
        say(
            "print('receiver.preparation: upgrading 60000', flush=True)\n"
            "print('receiver.preparation: upgraded', flush=True)\n"
            "time.sleep(60)"
        )


async def test_an_inbox_of_an_older_receiver_is_brought_to_the_new_form_before_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / ".receiver" / "inbox.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as old, old:
        old.execute("PRAGMA journal_mode = WAL")
        old.executescript(VERSION_1.read_text("utf-8"))
        old.execute("INSERT INTO meta VALUES ('store_id', 'x'), ('schema_version', 1)")
        old.execute(
            "INSERT INTO events (id, source, type, time, received_at, operation, secret, raw)"
            " VALUES ('a', 's', 't', 0, 0, 'o', 's', x'7b7d')"
        )
        old.execute("UPDATE tally SET events = 1")
    config = tmp_path / "receiver.toml"
    config.write_text("")

    with caplog.at_level(logging.WARNING, "receiver.preparation"):
        prepare({**os.environ, "RECEIVER_CONFIG": str(config)})

    assert "the inbox of 1 events is brought to the form" in caplog.text
    with closing(sqlite3.connect(path)) as new:
        told = new.execute("SELECT value FROM meta WHERE name = 'schema_version'").fetchone()
    assert told == (SCHEMA.version,)
    inbox = open_store(path)
    assert [event.id for event in await inbox.read(Query())] == ["a"]
    await inbox.close()
