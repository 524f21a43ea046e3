"""Waiting until a route has nothing left to deliver.

Must not know: options, how a route is run.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from receiver import bulletin
from receiver.cli import output
from receiver.cli.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from receiver.inbox import Inbox, RoutePlace
    from receiver.inbox.steering import Flow

LOOK_SECONDS = 0.3


@dataclass(slots=True)
class Drained:
    """How far a route was when nobody waited any longer."""

    route: str
    empty: bool = False
    left: int = 0
    """Events behind its position that are open, and, unless they were held, those after it."""
    seconds: float = 0.0
    flow: str = "running"
    interrupted: bool = False

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def said(self) -> str:
        """For a person."""
        if self.empty:
            then = "; it is paused now" if self.flow == "paused" else ""
            return f"{self.route}: nothing is left to deliver, after {self.seconds:.1f} s{then}"
        why = "interrupted" if self.interrupted else "still not empty"
        left = output.count(self.left, "event")
        return f"{self.route}: {why} after {self.seconds:.1f} s, {left} left"


async def drain(inbox: Inbox, name: str, folder: Path, *, hold: bool, seconds: float) -> Drained:
    """Wait for `seconds` at most; with `hold`, nothing new is begun; the route is paused then."""
    before: Flow = next(
        (each.flow for each in await inbox.flows() if each.route == name), "running"
    )
    done = Drained(name, flow=before)
    began = time.monotonic()
    if hold:
        await _steer(inbox, done, "draining")
    try:
        with Progress() as progress:
            while True:
                done.seconds = time.monotonic() - began
                await _look(inbox, done, folder, hold)
                if done.empty or done.seconds >= seconds:
                    break
                progress.show(f"{name}: {output.count(done.left, 'event')} left")
                await asyncio.sleep(LOOK_SECONDS)
    except asyncio.CancelledError:
        done.interrupted = True
    if hold:
        await _steer(inbox, done, "paused" if done.empty else before)
    return done


async def _look(inbox: Inbox, done: Drained, folder: Path, hold: bool) -> None:
    """How much is left. What is in flight is behind the position, or not yet saved as passed."""
    place: RoutePlace = next(each for each in await inbox.places() if each.route == done.route)
    told = bulletin.read(folder, datetime.now(UTC))
    flying = int(told.routes.get(done.route, {}).get("in_flight", 0)) if told else 0
    done.left = place.exceptions + (flying if hold else place.lag)
    done.empty = done.left == 0


async def _steer(inbox: Inbox, done: Drained, flow: Flow) -> None:
    await inbox.steer(done.route, flow, at=datetime.now(UTC))
    done.flow = flow
