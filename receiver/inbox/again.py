"""Replays in the inbox in memory: each with a ledger of its own.

Must not know: files, SQL, threads, who delivers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import datetime

from receiver.errors import StoreError
from receiver.inbox import Query
from receiver.inbox.annals import Annal
from receiver.inbox.replays import Replay, ReplayState
from receiver.inbox.shelf import Records, Shelf
from receiver.ledger import Ledger


class Again(ABC):
    """The part `Replays` of `receiver.inbox.Inbox`; see there for what each method does."""

    _events: Shelf
    _again: dict[str, Records]
    """The places of the replays that are not over, by their keys."""
    _replays: dict[int, Replay]

    @abstractmethod
    def _must_be_open(self) -> None: ...

    def _end(self, name: str) -> int | None:
        """The position that a replay ends with; None for a route."""
        return next((each.high for each in self._replays.values() if each.key == name), None)

    def _owner(self, name: str) -> str:
        """Whose a dead letter is: for a replay, that of its route."""
        return next((each.route for each in self._replays.values() if each.key == name), name)

    def _replaying(self) -> list[Records]:
        """The places of the replays that run."""
        running = [each.key for each in self._replays.values() if each.state == "running"]
        return [self._again[key] for key in running if key in self._again]

    async def ask_replay(
        self, route: str, query: Query, *, low: int, high: int, at: datetime
    ) -> int:
        self._must_be_open()
        number = len(self._replays) + 1
        self._replays[number] = Replay(
            number=number, route=route, query=query, low=low, high=high, asked_at=at, position=low
        )
        return number

    async def replays(self, *, unfinished: bool = False) -> list[Replay]:
        self._must_be_open()
        found = [self._shown(each) for each in self._replays.values()]
        return [each for each in found if not unfinished or each.ended_at is None]

    def _shown(self, replay: Replay) -> Replay:
        place = self._again.get(replay.key)
        if place is None:
            return replay
        ledger = place.ledger
        return replace(replay, position=ledger.position, waiting=len(list(ledger.kept())))

    async def turn_replay(self, number: int, state: ReplayState, *, at: datetime) -> bool:
        self._must_be_open()
        replay = self._replays.get(number)
        if replay is None or replay.ended_at is not None:
            return False
        over = state in ("cancelled", "done")
        self._replays[number] = replace(
            self._shown(replay), state=state, ended_at=at if over else None
        )
        return True

    async def attend(self, replay: Replay, *, ordered: bool, max_exceptions: int) -> None:
        self._must_be_open()
        if replay.number not in self._replays:
            raise StoreError(f"there is no replay {replay.number}")
        if replay.key not in self._again:
            ledger = Ledger(replay.position, ordered=ordered, max_exceptions=max_exceptions)
            self._again[replay.key] = Records(ledger, Annal(replay.key, replay.position))

        self._again[replay.key].ledger.release()

    async def part(self, replay: Replay) -> None:
        self._must_be_open()
        self._replays[replay.number] = self._shown(self._replays[replay.number])
        if self._replays[replay.number].ended_at is not None:
            self._again.pop(replay.key, None)

    async def replayed(self, replay: Replay) -> bool:
        self._must_be_open()
        place = self._again.get(replay.key)
        if place is None or place.ledger.open or place.ledger.delta():
            return False
        left = self._events.after(place.ledger.scanned)
        return not any(seq <= replay.high for seq, _ in left)

    async def tell_replay(self, number: int, *, delivered: int, failed: int, dead: int) -> None:
        self._must_be_open()
        replay = self._replays[number]
        self._replays[number] = replace(
            replay,
            delivered=replay.delivered + delivered,
            failed=replay.failed + failed,
            dead=replay.dead + dead,
        )
