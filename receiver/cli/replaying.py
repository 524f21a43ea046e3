"""Asking for replays and watching them: one for each route, until they are over or interrupted.

Must not know: options, who delivers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from receiver import bulletin
from receiver.cli import output
from receiver.cli.progress import Progress
from receiver.cli.wanting import Wanting, head

if TYPE_CHECKING:
    from pathlib import Path

    from receiver.inbox import Inbox, Query
    from receiver.inbox.replays import Replay, ReplayState

LOOK_SECONDS = 0.3
PAGE = 1_000
NOBODY = "no process delivers from this store just now; it begins when one does"


@dataclass(slots=True)
class Plan:
    """What a replay would deliver again to one route."""

    route: str
    query: Query
    low: int
    high: int
    """Positions above the one, up to the other: what the route has passed of what is meant."""
    events: int = 0
    """How many of them the route wants, once they are counted."""

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        first, last = self.low + 1, self.high
        return {"route": self.route, "first": first, "last": last, "events": self.events}


async def plans(inbox: Inbox, query: Query, routes: dict[str, Wanting]) -> list[Plan]:
    """What a query means for each route; routes that have passed none of it are left out."""
    first = await inbox.read(replace(query, limit=1, newest_first=False))
    last = await inbox.read(replace(query, limit=1, newest_first=True))
    if not first or not last:
        return []
    places = {place.route: place.position for place in await inbox.places()}
    low, high = (first[0].seq or 1) - 1, last[0].seq or 0
    found = [Plan(name, query, low, min(high, places[name])) for name in routes if name in places]
    return [plan for plan in found if plan.low < plan.high]


async def count(inbox: Inbox, routes: dict[str, Wanting], planned: Sequence[Plan]) -> None:
    """Count what each route wants of its plan, a page in memory."""
    with Progress() as progress:
        for plan in planned:
            wants, after = routes[plan.route].wants, plan.low
            while page := await inbox.read(
                replace(plan.query, after=after, before=plan.high + 1, limit=PAGE)
            ):
                plan.events += sum(wants(head(event)) for event in page)
                after = page[-1].seq or plan.high
                progress.show(f"{plan.route}: {plan.events} events up to position {after}")


async def ask(inbox: Inbox, planned: Sequence[Plan]) -> list[int]:
    """Ask for the replays; their numbers."""
    now = datetime.now(UTC)
    return [
        await inbox.ask_replay(plan.route, plan.query, low=plan.low, high=plan.high, at=now)
        for plan in planned
    ]


@dataclass(slots=True)
class Watched:
    """How replays went."""

    replays: list[Replay] = field(default_factory=list)
    interrupted: bool = False

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"replays": [plain(each) for each in self.replays], "interrupted": self.interrupted}


async def some(inbox: Inbox, numbers: Sequence[int]) -> list[Replay]:
    """The replays of some numbers."""
    return [each for each in await inbox.replays() if each.number in numbers]


async def watch(inbox: Inbox, numbers: Sequence[int], folder: Path) -> Watched:
    """Show how far replays are until all are over; Ctrl-C halts them."""
    watched = Watched()
    told, began = False, time.monotonic()
    try:
        with Progress() as progress:
            while True:
                watched.replays = await some(inbox, numbers)
                if all(each.state != "running" for each in watched.replays):
                    return watched
                late = time.monotonic() - began > 2 * bulletin.EVERY_SECONDS
                if late and not told:
                    told = True
                    await hindrances(inbox, {each.route for each in watched.replays}, folder)
                progress.show("; ".join(said(each) for each in watched.replays))
                await asyncio.sleep(LOOK_SECONDS)
    except asyncio.CancelledError:
        await turn(inbox, numbers, "halted")
        return Watched(await some(inbox, numbers), interrupted=True)


async def hindrances(inbox: Inbox, routes: Collection[str], folder: Path) -> None:
    """Say of routes that are to do something why nothing happens just now."""
    live = bulletin.read(folder, datetime.now(UTC))
    if live is None:
        output.tell(NOBODY)
        return
    flows = {each.route: each.flow for each in await inbox.flows()}
    for route in sorted(routes):
        if route not in live.routes:
            output.tell(f"route {route} is configured no more: nothing delivers for it")
        elif flows.get(route, "running") != "running":
            output.tell(f"route {route} is {flows[route]}; see: receiver routes resume {route}")


async def turn(inbox: Inbox, numbers: Sequence[int], state: ReplayState) -> list[int]:
    """Halt, resume or cancel replays; those that were not over."""
    now = datetime.now(UTC)
    return [number for number in numbers if await inbox.turn_replay(number, state, at=now)]


def share(replay: Replay) -> float:
    """How much of its range is done, from 0 to 1."""
    whole = replay.high - replay.low
    if replay.state == "done" or whole <= 0:
        return 1.0
    return min(1.0, (replay.position - replay.low) / whole)


def said(replay: Replay) -> str:
    """A replay in a few words."""
    text = f"replay {replay.number} of {replay.route}: {replay.state}, {share(replay):.0%}"
    text += f", {replay.delivered} delivered"
    for number, what in ((replay.failed, "failed attempts"), (replay.dead, "dead letters")):
        text += f", {number} {what}" if number else ""
    return text + (f", {replay.waiting} waiting" if replay.waiting else "")


def plain(replay: Replay) -> dict[str, Any]:
    """A replay as plain values, for JSON."""
    return {
        "number": replay.number,
        "route": replay.route,
        "state": replay.state,
        "done": round(share(replay), 4),
        "first": replay.low + 1,
        "last": replay.high,
        "delivered": replay.delivered,
        "failed": replay.failed,
        "dead": replay.dead,
        "waiting": replay.waiting,
        "asked_at": replay.asked_at,
        "ended_at": replay.ended_at,
    }
