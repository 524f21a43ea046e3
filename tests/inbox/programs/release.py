"""Releases everything in quarantine, a few at a time; prints `ready` before the first.

Usage: release.py STORE
"""

import asyncio
import sys

from receiver.inbox import Query
from receiver.inbox.readmission import Rejudged
from receiver.inbox.sqlite import open_store


async def main(path: str) -> None:
    inbox = open_store(path, durability="relaxed")
    print("ready", flush=True)
    while page := await inbox.read(Query(state="quarantined", limit=20)):
        await inbox.readmit(
            [
                Rejudged(
                    id=kept.id,
                    type="t",
                    key=None,
                    time=kept.time,
                    node=kept.node,
                    user=None,
                )
                for kept in page
            ]
        )
    await inbox.close()


asyncio.run(main(sys.argv[1]))
