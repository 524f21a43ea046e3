"""Fills a store until its disk takes no more, makes room again, and checks every promise.

Usage: fill.py STORE limit|BALLAST. With `limit` the disk is a limit on the size of files, lifted
afterwards; else BALLAST is a file on the store's own small disk that is removed to make room.
Prints one JSON line: what happened.
"""

import asyncio
import json
import os
import resource
import sqlite3
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from receiver.errors import StoreError
from receiver.inbox import Entry, Query
from receiver.inbox.sqlite import open_store

LIMIT = 1024 * 1024
NOW = datetime(2026, 5, 1, tzinfo=UTC)


def event(name: str) -> Entry:
    return Entry(
        id=name, source="acme", type="t", key=None, dedup_key=name.encode(), dedup_window=None,
        time=NOW, received_at=NOW, node=None, user=None, raw=os.urandom(5000),
        operation="o", secret="s",
    )  # fmt: skip


async def main(path: str, disk: str) -> dict[str, object]:
    inbox = open_store(path)
    if disk == "limit":
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, hard))
    promised: list[str] = []
    refused = 0
    slowest = 0.0
    kinds: set[str] = set()

    async def send(name: str) -> bool:
        nonlocal refused, slowest
        began = time.monotonic()
        try:
            [receipt] = await inbox.append([event(name)])
        except StoreError as error:
            refused += 1
            kinds.add(str(error))
            slowest = max(slowest, time.monotonic() - began)
            return False
        promised.append(receipt.id)
        return True

    number = 0
    while refused < 64 and number < 200_000:
        await asyncio.gather(*(send(f"e{number + i}") for i in range(16)))
        number += 16
    before = len(promised)
    if disk == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, hard))
    else:
        await asyncio.to_thread(Path(disk).unlink)
    recovered = all([await send(f"after-{i}") for i in range(20)])
    kept = {e.id for e in await inbox.read(Query(limit=10**6))}
    await inbox.close()
    with sqlite3.connect(path) as connection:
        integrity = connection.execute("PRAGMA integrity_check").fetchone()[0]
    return {
        "before": before, "refused": refused, "slowest": slowest, "recovered": recovered,
        "lost": sorted(set(promised) - kept), "unpromised": sorted(kept - set(promised)),
        "integrity": integrity, "errors": sorted(kinds),
    }  # fmt: skip


print(json.dumps(asyncio.run(main(sys.argv[1], sys.argv[2]))))
