"""The store tells how long its commits of events took."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from receiver.inbox import Entry
from receiver.inbox.sqlite import open_store

NOW = datetime(2026, 1, 15, 8, 30, tzinfo=UTC)


def entry(number: int) -> Entry:
    return Entry(
        id=f"id-{number}",
        source="acme",
        type="ping",
        key=None,
        dedup_key=None,
        dedup_window=None,
        time=NOW,
        received_at=NOW,
        node=None,
        user=None,
        raw=b"{}",
        operation="op",
        secret="main",
    )


async def test_each_commit_of_events_is_told_once_with_its_size(tmp_path: Path) -> None:
    told: list[tuple[float, int]] = []
    inbox = open_store(tmp_path / "inbox.db", on_commit=lambda *commit: told.append(commit))
    await asyncio.gather(*(inbox.append([entry(2 * n), entry(2 * n + 1)]) for n in range(20)))
    await inbox.close()
    assert sum(events for _, events in told) == 40
    assert len(told) < 20
    assert all(0 < seconds < 4 for seconds, _ in told)


async def test_what_is_no_event_is_not_told(tmp_path: Path) -> None:
    told: list[tuple[float, int]] = []
    inbox = open_store(tmp_path / "inbox.db", on_commit=lambda *commit: told.append(commit))
    await inbox.append([], cursor=("puller", "place"))
    await inbox.upkeep()
    await inbox.close()
    assert told == []
