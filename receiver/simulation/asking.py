"""What the receiver on this machine has of some events, asked until every route is done with them.

Must not know: who sent them.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence

from receiver.inbox import Inbox, Query, RoutePlace
from receiver.simulation.account import Found

AGAIN_SECONDS = 0.5
_PAGE = 500


async def ask(
    inbox: Inbox, ids: Sequence[str], seconds: float, progress: Callable[[str], None]
) -> Found:
    """Look for the events, and wait so many seconds for their deliveries."""
    seqs: list[int] = []
    kept: set[str] = set()
    quarantined = 0
    for start in range(0, len(ids), _PAGE):
        page = tuple(ids[start : start + _PAGE])
        for event in await inbox.read(Query(ids=page, limit=_PAGE)):
            kept.add(event.id)
            seqs.append(event.seq or 0)
        held = await inbox.read(Query(state="quarantined", ids=page, limit=_PAGE))
        kept |= {event.id for event in held}
        quarantined += len(held)
    await _settle(inbox, max(seqs, default=0), seconds, progress)
    return Found(frozenset(kept), quarantined, await _routes(inbox, seqs))


async def _settle(inbox: Inbox, last: int, seconds: float, progress: Callable[[str], None]) -> None:
    """Until every route has passed the last of them and has nothing open, or the time is over."""
    end = time.monotonic() + seconds
    while last and time.monotonic() < end:
        behind = [place.route for place in await inbox.places() if not _done(place, last)]
        if not behind:
            return
        progress(f"waiting for {', '.join(behind)}")
        await asyncio.sleep(AGAIN_SECONDS)


def _done(place: RoutePlace, last: int) -> bool:
    return place.position >= last and not place.waiting and not place.held


async def _routes(inbox: Inbox, seqs: Sequence[int]) -> dict[str, dict[str, int]]:
    """By route, how many of the events it has passed, given up, and not done yet."""
    counts: dict[str, Counter[str]] = {}
    last = max(seqs, default=0)
    places = await inbox.places()
    plain = {place.route for place in places if _done(place, last) and not place.dead}
    for place in places:
        counts[place.route] = Counter(passed=len(seqs) if place.route in plain else 0)
    if len(plain) < len(places):
        for seq in seqs:
            for standing in await inbox.standings(seq):
                if standing.route not in plain:
                    done = standing.state in ("passed", "dead")
                    counts[standing.route][standing.state if done else "open"] += 1
    return {name: dict(each) for name, each in counts.items()}
