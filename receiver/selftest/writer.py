"""A process that appends and says so, until it is killed: `python -m receiver.selftest.writer`.

It is told on stdin, as one line of JSON, which events it has acknowledged before (all numbers below
one, and some more); it sends the others again, as a platform does that had no answer, and then new
ones. Each acknowledgement is a line on stdout, written when the store has said that it is kept.
Must not know: who kills it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import uuid_utils

from receiver.inbox import Entry, Inbox
from receiver.inbox.sqlite import open_store

LANES = 32
"""Events that wait for their acknowledgement at the same time."""

SOURCE = "selftest"


def entry(key: str) -> Entry:
    """An event whose key tells which one it is, whenever it is sent."""
    now = datetime.now(UTC)
    return Entry(
        id=str(uuid_utils.uuid7()),
        source=SOURCE,
        type=SOURCE,
        key=key,
        dedup_key=key.encode(),
        dedup_window=None,
        time=now,
        received_at=now,
        node=None,
        user=None,
        raw=b'{"key":"%s","filler":"%s"}' % (key.encode(), b"x" * 200),
        operation=SOURCE,
        secret=SOURCE,
    )


async def write(
    path: Path, durability: str, writer: int, before: tuple[int, set[int]], most: int
) -> None:
    """Append events until all numbers below `most` are acknowledged."""
    inbox = open_store(path, durability="strict" if durability == "strict" else "relaxed")
    numbers = (number for number in count(before[0]) if number not in before[1])
    await asyncio.gather(*(_lane(inbox, writer, numbers, most) for _ in range(LANES)))
    await inbox.close()


async def _lane(inbox: Inbox, writer: int, numbers: Iterator[int], most: int) -> None:
    for number in numbers:
        if number >= most:
            return
        [receipt] = await inbox.append([entry(f"{writer}.{number}")])
        os.write(1, f"{number} {receipt.id} {receipt.status}\n".encode())


def main() -> None:
    """Append to the store that the arguments name."""
    path, durability, writer, most = sys.argv[1:]
    below, more = json.loads(sys.stdin.readline())
    asyncio.run(write(Path(path), durability, int(writer), (below, set(more)), int(most)))


if __name__ == "__main__":
    main()
