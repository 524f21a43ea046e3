"""Calls `async` hooks: a few tasks, each taking one call after another.

A task for each call would cost more than most calls do. Must not know: routes, the inbox.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from receiver.dispatch.calls import MOST_OVERDUE, Job, Place, Report, Seat, Watch
from receiver.dispatch.outcome import Raised, is_a

SLICE = 0.002
"""Seconds after which a task lets the loop go on, though its hooks never wait for anything."""
PATIENCE = 2.0
"""Seconds past its deadline that a cancelled hook may take to end before it is given up."""


class Tasks:
    """Makes calls on the loop, `size` at the same time."""

    def __init__(
        self, size: int, deadline: float, report: Report, freed: Callable[[], None]
    ) -> None:
        self._size = size
        self._deadline = deadline
        self._report = report
        self._freed = freed
        self._jobs: deque[Job] = deque()
        self._seats: dict[Seat, asyncio.Task[None]] = {}
        self._left: dict[asyncio.Task[None], Seat] = {}
        self._watch = Watch(deadline + PATIENCE, self._seats.keys(), self._give_up)
        self._stopped = False

    @property
    def free(self) -> int:
        return self._size - len(self._jobs) - sum(seat.job is not None for seat in self._seats)

    @property
    def busy(self) -> bool:
        return any(seat.job is not None for seat in list(self._seats))

    @property
    def overdue(self) -> int:
        return len(self._left)

    def places(self) -> list[Place]:
        seats = [*self._seats.copy().items()]
        seats += [(seat, task) for task, seat in self._left.copy().items()]
        return [place for seat, task in seats if (place := seat.place(task))]

    def put(self, job: Job) -> None:
        if not self._stopped:
            self._jobs.append(job)
            self._staff()

    def recall(self) -> list[Job]:
        jobs = list(self._jobs)
        self._jobs.clear()
        return jobs

    def stop(self) -> None:
        self._stopped = True
        self._jobs.clear()

    async def leave(self) -> None:
        self.stop()
        running = [*self._seats.values(), *self._left]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=PATIENCE)
        self._watch.stop()

    def _staff(self) -> None:
        """One more task, where there is work and room for it."""
        if self._jobs and len(self._seats) < self._size and len(self._left) < MOST_OVERDUE:
            seat = Seat()
            self._seats[seat] = asyncio.create_task(self._work(seat))
            self._watch.arm()

    async def _work(self, seat: Seat) -> None:
        began = time.monotonic()
        try:
            while self._jobs and len(self._left) < MOST_OVERDUE:
                job = self._jobs.popleft()
                seat.begin(job)
                result = await self._call(job)
                if seat.given_up:
                    return
                seat.job = None
                self._report(job, result, seat.seconds)
                if seat.since - began > SLICE:
                    await asyncio.sleep(0)
                    began = time.monotonic()
        finally:
            self._seats.pop(seat, None)

    async def _call(self, job: Job) -> Any:
        limit = asyncio.timeout(self._deadline)
        try:
            async with limit:
                return await job.hook.call(job.argument)
        except BaseException as error:  # a hook may raise SystemExit; here it ends nothing
            task = asyncio.current_task()
            if is_a(error, asyncio.CancelledError) and task and task.cancelling():
                raise  # it is this task that is cancelled, not something within the hook
            return Raised(error, overdue=limit.expired())

    def _give_up(self, seat: Seat, job: Job) -> None:
        task = self._seats.pop(seat)
        self._left[task] = seat
        task.add_done_callback(self._come_back)
        gone_on = Raised(TimeoutError("it goes on though cancelled"), overdue=True)
        self._report(job, gone_on, seat.seconds)
        self._staff()

    def _come_back(self, task: asyncio.Task[None]) -> None:
        self._left.pop(task, None)
        self._staff()
        self._freed()
