"""Uses a store as somebody who may not write it, then is let in again.

Usage: unwritable.py STORE; root becomes nobody first. Prints `refused` and the reason once
it was refused, waits for a line on its input, then prints what an append answers.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime

from receiver.errors import StoreError
from receiver.inbox import Entry
from receiver.inbox.sqlite import open_store

NOBODY = 65534
NOW = datetime(2026, 5, 1, tzinfo=UTC)
EVENT = Entry(
    id="e", source="acme", type="t", key=None, dedup_key=None, dedup_window=None, time=NOW,
    received_at=NOW, node=None, user=None, raw=b"{}", operation="o", secret="s",
)  # fmt: skip


async def main(path: str) -> None:
    inbox = open_store(path)
    try:
        await inbox.append([EVENT])
    except StoreError as error:
        print("refused", error, flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    [receipt] = await inbox.append([EVENT])
    print(receipt.status.value, flush=True)
    await inbox.close()


if os.geteuid() == 0:
    os.setgid(NOBODY)
    os.setuid(NOBODY)
asyncio.run(main(sys.argv[1]))
