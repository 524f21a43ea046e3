"""Releasing from quarantine by several processes that are killed: each event gets in, once."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime

from receiver.inbox import Entry, Query

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def broken(number: int) -> Entry:
    return Entry(
        id=f"event-{number}",
        source="acme",
        type="",
        key=None,
        dedup_key=None,
        dedup_window=None,
        time=NOW,
        received_at=NOW,
        node=None,
        user=None,
        raw=b"{}",
        operation="o",
        secret="s",
        problems=("odd",),
    )


async def test_whoever_is_killed_each_event_is_released_once(inbox, path, start):
    amount, chance = 3_000, random.Random(7)
    await inbox.append([broken(number) for number in range(amount)])

    for _ in range(4):
        both = [start("release.py", path) for _ in range(2)]
        for each in both:
            assert await asyncio.to_thread(each.stdout.readline) == "ready\n"
        await asyncio.sleep(chance.uniform(0.01, 0.15))
        for each in both:
            each.kill()
            await asyncio.to_thread(each.wait)
        released = await inbox.read(Query(limit=amount))
        waiting = await inbox.read(Query(state="quarantined", limit=amount))
        ids = [event.id for event in (*released, *waiting)]
        assert sorted(ids) == sorted(f"event-{number}" for number in range(amount))
    last = start("release.py", path)
    assert await asyncio.to_thread(last.wait) == 0

    released = await inbox.read(Query(limit=amount))
    assert sorted(event.id for event in released) == sorted(f"event-{n}" for n in range(amount))
    figures = await inbox.figures()
    assert (figures.events, figures.quarantined) == (amount, 0)
