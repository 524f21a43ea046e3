"""One route's place in the inbox: how far it is, what is still open, what may be claimed next.

A state machine over positions; both stores run it, so that both keep the same promises.
Must not know: how its state is kept, what the events say, what time it is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from heapq import heappop, heappush
from itertools import islice, takewhile

from receiver.turns import IN_FLIGHT, Delta, Exceptional, Open, State, Turn

AT_ONCE = datetime.min.replace(tzinfo=UTC)
"""`next_due` of an event that may be claimed whenever somebody asks."""


class Ledger:
    """The state of one route.

    Life of an event: `take` or `skip` it in order of position; what was taken is claimed, by its
    turn; a claimed event gets a verdict: `close` or `defer` (or none: `hand_back`). A verdict
    counts once `delta` is written and `saved`: only then does the next event of the lane get its
    turn, so that after a crash no more of a lane is delivered again than one run of it, in order.

    The saved position passes what is closed or skipped, and what has a row of its own; rows are
    written only for open events that something later has overtaken. So a run of successes in order
    costs one position, and a restart from what was saved claims again exactly what was open.
    """

    def __init__(
        self,
        position: int = 0,
        exceptions: Iterable[Exceptional] = (),
        *,
        ordered: bool = True,
        max_exceptions: int = 10_000,
    ) -> None:
        self.position = position
        """How far the route is, as saved."""
        self.scanned = position
        """How far events were taken in or skipped."""
        self.max_exceptions = max_exceptions
        self._ordered = ordered
        self._open: dict[int, Open] = {}
        self._lanes: dict[str, deque[int]] = {}
        self._ready: list[int] = []
        self._waiting: list[tuple[datetime, int]] = []
        self._fresh: deque[int] = deque()  # taken in, after the saved position: they have no row
        self._changed: dict[int, Open] = {}  # verdicts that are not saved
        self._reach = position  # the last event that had a verdict
        self._run, self._runs = 1, dict[str, int]()  # of the last claim, by lane
        for row in sorted(exceptions, key=lambda row: row.seq):
            known = (row.failures, row.due, row.first_failed_at)
            self._enter(Open(row.seq, row.lane, State.HELD, *known))

    @property
    def room(self) -> int:
        """How many more events may be taken in before the bound is reached."""
        return max(0, self.max_exceptions - len(self._open))

    def skip(self, seq: int) -> None:
        """Pass the next event: the route does not want it."""
        self.scanned = seq

    def take(self, seq: int, lane: str | None) -> Turn | None:
        """Take in the next event; claimed at once, or None while an earlier one holds it back."""
        self.scanned = seq
        self._fresh.append(seq)
        entry = self._open[seq] = Open(seq, lane, State.HELD)
        if lane is not None and self._ordered:
            queue = self._lanes.setdefault(lane, deque())
            queue.append(seq)
            ahead = len(queue) - 1
            if ahead and (ahead >= self._run or self._runs.get(lane) != ahead):
                return None
            self._runs[lane] = ahead + 1
        return entry.turn()

    def claim(self, n: int, now: datetime, run: int = 1) -> list[Turn]:
        """Up to `n` turns of events that were taken in before, oldest first, now claimed.

        Up to `run` events of a lane get their turn together, those that are taken in until the next
        call included: to be attempted in order, and handed back after one that fails.
        """
        self._run, self._runs = run, {}
        while self._waiting and self._waiting[0][0] <= now:
            due, seq = heappop(self._waiting)
            entry = self._open.get(seq)
            if entry is not None and entry.state is State.WAITING and entry.due == due:
                self._make_ready(entry)
        turns: list[Turn] = []
        while self._ready and len(turns) < n:
            entry = self._open.get(heappop(self._ready))
            if entry is None or entry.state is not State.READY:
                continue
            turns.append(entry.turn())
            queue = None if entry.lane is None else self._lanes.get(entry.lane)
            if queue is not None and run > 1:
                turns += self._followers(queue, min(run, n - len(turns) + 1), now)
        return turns

    def _followers(self, queue: deque[int], run: int, now: datetime) -> list[Turn]:
        """Turns of those behind the first of a lane, as long as each may have it."""
        turns: list[Turn] = []
        for seq in islice(queue, 1, run):
            entry = self._open[seq]
            if entry.state is not State.HELD or (entry.due is not None and entry.due > now):
                break
            turns.append(entry.turn())
        lane = self._open[queue[0]].lane
        if lane is not None:
            self._runs[lane] = 1 + len(turns)
        return turns

    def hand_back(self, seqs: Iterable[int]) -> None:
        """Undo claims that nobody will act on; their turn comes again at once."""
        for seq in seqs:
            entry = self._open.get(seq)
            if entry is not None and entry.state is State.CLAIMED:
                self._await_turn(entry, at_once=True)

    def release(self) -> None:
        """Undo every claim: their holder is gone."""
        self.hand_back([seq for seq, entry in self._open.items() if entry.state is State.CLAIMED])

    def next_due(self) -> datetime | None:
        """When something taken in before may be claimed: `AT_ONCE`, a time, or None for never."""
        while self._ready:
            entry = self._open.get(self._ready[0])
            if entry is not None and entry.state is State.READY:
                return AT_ONCE
            heappop(self._ready)
        while self._waiting:
            due, seq = self._waiting[0]
            entry = self._open.get(seq)
            if entry is not None and entry.state is State.WAITING and entry.due == due:
                return due
            heappop(self._waiting)
        return None

    def close(self, seq: int) -> bool:
        """Delivered, or given up. False, and nothing changes, when the event is not claimed."""
        return self._judge(seq, State.CLOSED) is not None

    def defer(self, seq: int, *, until: datetime, failed_at: datetime) -> bool:
        """To be claimed again from `until` on. False when the event is not claimed."""
        entry = self._judge(seq, State.DEFERRED)
        if entry is None:
            return False
        entry.failures += 1
        entry.due = until
        if entry.first_failed_at is None:
            entry.first_failed_at = failed_at
        return True

    def _judge(self, seq: int, state: State) -> Open | None:
        entry = self._open.get(seq)
        if entry is None or entry.state is not State.CLAIMED:
            return None
        entry.state = state
        self._changed[seq] = entry
        if seq > self._reach:
            self._reach = seq
        return entry

    def delta(self) -> Delta | None:
        """What is to be written; None when nothing is. Changes nothing: see `saved`."""
        reach = self._reach
        keep = [entry.row() for entry in self._changed.values() if entry.state is State.DEFERRED]
        overtaken = list(takewhile(lambda seq: seq <= reach, self._fresh))
        keep += [self._open[seq].row() for seq in overtaken if seq not in self._changed]
        fresh = len(overtaken)
        position = self._fresh[fresh] - 1 if fresh < len(self._fresh) else self.scanned
        if position == self.position and not self._changed:
            return None
        closed = tuple(seq for seq, entry in self._changed.items() if entry.state is State.CLOSED)
        forget = tuple(seq for seq in closed if seq <= self.position)
        return Delta(position, tuple(keep), forget, closed)

    def saved(self, delta: Delta) -> None:
        """`delta` is written: what it says now holds, and the next of each lane get their turn."""
        self.position = delta.position
        self._reach = max(self._reach, delta.position)
        while self._fresh and self._fresh[0] <= delta.position:
            self._fresh.popleft()
        for seq in delta.closed:
            del self._changed[seq]
            self._leave(self._open.pop(seq))
        for row in delta.keep:
            entry = self._changed.get(row.seq)
            if entry is not None and entry.state is State.DEFERRED and entry.due == row.due:
                del self._changed[row.seq]
                self._await_turn(entry)

    def reopen(self, row: Exceptional) -> bool:
        """Take in again an event that was given up, or passed for another reason.

        It stands in its lane where it stood; what is in flight of the lane goes before it. False,
        and nothing changes, when it is open, or has not been passed yet and comes anyway.
        """
        if row.seq in self._open or row.seq > self.position:
            return False
        entry = Open(row.seq, row.lane, State.HELD, row.failures, row.due, row.first_failed_at)
        self._open[row.seq] = entry
        if not self._ordered or row.lane is None:
            self._await_turn(entry)
            return True
        queue = self._lanes.setdefault(row.lane, deque())
        at = bisect_left(queue, row.seq)
        queue.insert(at, row.seq)
        if at == 0 and not any(self._open[seq].state in IN_FLIGHT for seq in queue):
            for seq in list(queue)[1:]:
                self._open[seq].state = State.HELD
            self._await_turn(entry)
        return True

    @property
    def open(self) -> int:
        """How many events are in flight, waiting and held back together."""
        return len(self._open)

    def kept(self) -> Iterator[tuple[int, bool, datetime | None]]:
        """Of each saved exception: position, whether it is held back, when it may be claimed."""
        for entry in self._open.values():
            if entry.seq <= self.position:
                yield entry.seq, entry.state is State.HELD, entry.due

    def reshape(self, *, ordered: bool, max_exceptions: int) -> None:
        """Take up changed settings; what is in flight stays so."""
        self.max_exceptions = max_exceptions
        if ordered == self._ordered:
            return
        self._ordered = ordered
        self._lanes.clear()
        for seq in sorted(self._open):
            entry = self._open[seq]
            if entry.state in (State.HELD, State.READY, State.WAITING):
                self._enter(entry)
            elif ordered and entry.lane is not None:
                self._lanes.setdefault(entry.lane, deque()).append(seq)

    def _enter(self, entry: Open) -> None:
        """Put an open event that is not in flight at the end of its lane."""
        self._open[entry.seq] = entry
        if self._ordered and entry.lane is not None:
            self._lanes.setdefault(entry.lane, deque()).append(entry.seq)
        self._await_turn(entry)

    def _leave(self, entry: Open) -> None:
        """Take a closed event out of its lane; the next one gets its turn."""
        queue = None if entry.lane is None else self._lanes.get(entry.lane)
        if queue is None or entry.lane is None:
            return
        if queue[0] == entry.seq:
            queue.popleft()
        else:
            queue.remove(entry.seq)  # it was in flight when the route became ordered
        if not queue:
            del self._lanes[entry.lane]
        elif (follower := self._open[queue[0]]).state is State.HELD:
            self._await_turn(follower)

    def _await_turn(self, entry: Open, *, at_once: bool = False) -> None:
        queue = None if entry.lane is None else self._lanes.get(entry.lane)
        if queue is not None and queue[0] != entry.seq:
            entry.state = State.HELD
            if (first := self._open[queue[0]]).state is State.HELD:  # it was reopened meanwhile
                self._await_turn(first)
        elif entry.due is None or at_once:
            self._make_ready(entry)
        else:
            entry.state = State.WAITING
            heappush(self._waiting, (entry.due, entry.seq))

    def _make_ready(self, entry: Open) -> None:
        entry.state = State.READY
        heappush(self._ready, entry.seq)
