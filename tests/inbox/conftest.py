"""Stores in files, events to put into them, and programs that use them from other processes."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from receiver.inbox import Entry
from receiver.inbox.sqlite import SqliteInbox, open_store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
PROGRAMS = Path(__file__).with_name("programs")


@pytest.fixture
def entry() -> Callable[..., Entry]:
    """Makes entries, each with an id of its own unless told otherwise."""
    ids = itertools.count(1)

    def make(**given: Any) -> Entry:
        usual: dict[str, Any] = {
            "id": f"incoming-{next(ids)}",
            "source": "acme",
            "type": "door/open",
            "key": None,
            "dedup_key": None,
            "dedup_window": None,
            "time": NOON,
            "received_at": NOON,
            "node": None,
            "user": None,
            "raw": b"{}",
            "operation": "acme_events",
            "secret": "main",
        }
        return Entry(**usual | given)

    return make


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "inbox.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Callable[..., SqliteInbox]]:
    """Opens stores, at `path` unless told otherwise; closes them afterwards."""
    opened: list[SqliteInbox] = []

    def make(at: Path = path, **settings: Any) -> SqliteInbox:
        opened.append(open_store(at, **settings))
        return opened[-1]

    yield make
    for inbox in opened:
        await inbox.close()


@pytest.fixture
def inbox(store: Callable[..., SqliteInbox]) -> SqliteInbox:
    return store()


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts one of `programs/` in a process of its own, with its output to be read."""
    started: list[subprocess.Popen[str]] = []

    def run(program: str, *arguments: object, **settings: Any) -> subprocess.Popen[str]:
        command = [sys.executable, str(PROGRAMS / program), *map(str, arguments)]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **settings
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
