"""Appends events to a store, some of them shared with other processes, and prints what is told.

Usage: append.py STORE NAME COUNT; events whose number divides by 20 have the same dedup key in
every process. For each event, one line once the store has answered: `status id`.
"""

import asyncio
import sys
from datetime import UTC, datetime

from receiver.inbox import Entry
from receiver.inbox.sqlite import open_store

CALLERS = 16


async def main(path: str, name: str, count: int) -> None:
    inbox = open_store(path)
    await inbox.open()
    print("ready", flush=True)
    numbers = iter(range(count))

    async def caller() -> None:
        for number in numbers:
            shared = number % 20 == 0
            key = f"{'shared' if shared else name}-{number}".encode()
            now = datetime.now(UTC)
            event = Entry(
                id=f"{name}-{number}", source="acme", type="t", key=None, dedup_key=key,
                dedup_window=None, time=now, received_at=now, node=name, user=None,
                raw=key * 30, operation="o", secret="s",
            )  # fmt: skip
            [receipt] = await inbox.append([event])
            print(receipt.status.value, receipt.id, now.timestamp(), flush=True)

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    await inbox.close()


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
