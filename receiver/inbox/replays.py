"""Old events that an operator has one route deliver again.

A replay is a job in the store: it has a place and exceptions of its own, as a route has, under a
name of its own (`key`), by which its events are claimed and judged. So it goes on after a crash
where it was, and the place of its route never moves. Must not know: sinks, who asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from receiver.inbox import Query

ReplayState = Literal["running", "halted", "cancelled", "done"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """One replay, and how far it is."""

    number: int
    route: str
    query: Query
    """Which events; its page (`after`, `before`, `limit`) and order mean nothing."""
    low: int
    high: int
    """Positions above the one, up to the other."""
    asked_at: datetime
    state: ReplayState = "running"
    """`running`: whoever delivers for the route works on it; `halted`: until it is resumed."""
    ended_at: datetime | None = None
    position: int
    """Every event up to here is delivered, not wanted, dead, or one of the exceptions."""
    waiting: int = 0
    """Exceptions: in flight behind the position, waiting for an attempt, held back."""
    delivered: int = 0
    failed: int = 0
    """Attempts that failed."""
    dead: int = 0
    """Dead letters made; they are the route's."""

    @property
    def key(self) -> str:
        """The name that it has in claims."""
        return key(self.number)


def key(number: int) -> str:
    """The name of a replay in claims; the settings refuse routes of such names."""
    return f"replay:{number}"


class Replays(Protocol):
    """The part of the store port about replays. Every method may raise StoreError."""

    async def ask_replay(
        self, route: str, query: Query, *, low: int, high: int, at: datetime
    ) -> int:
        """Have a route deliver again what a query finds in a range of positions; its number.

        Whoever delivers for the route finds it among `replays`.
        """

    async def replays(self, *, unfinished: bool = False) -> list[Replay]:
        """Replays by number; with `unfinished`, those that run or are halted."""

    async def turn_replay(self, number: int, state: ReplayState, *, at: datetime) -> bool:
        """Halt, resume or cancel a replay, or say that it is done; False when it was over.

        While it runs, retention leaves it what it has not passed. What is over has no exceptions
        any more.
        """

    async def attend(self, replay: Replay, *, ordered: bool, max_exceptions: int) -> None:
        """Deliver a replay from here: from now on its events are claimed by its key.

        What was claimed before may be claimed again.
        """

    async def part(self, replay: Replay) -> None:
        """Deliver it from here no more, after the last verdict on what was claimed."""

    async def replayed(self, replay: Replay) -> bool:
        """Whether every event of a replay that is attended here is done with."""

    async def tell_replay(self, number: int, *, delivered: int, failed: int, dead: int) -> None:
        """Add to the figures of a replay."""
