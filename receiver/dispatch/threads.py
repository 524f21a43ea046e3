"""Calls plain hooks: a few daemon threads of one route, never those of another.

A thread that does not come back by its deadline is left to itself, and another takes its place.
Must not know: routes, the inbox.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from receiver.dispatch.calls import MOST_OVERDUE, Job, Place, Report, Seat, Watch
from receiver.dispatch.outcome import Raised, is_a

THREADS = 4
"""Threads of one route, at most; more would only wait for one another's turn to run Python."""


class Threads:
    """Makes calls in threads, `size` at the same time; made and used on a running loop.

    The threads are daemons of our own: those of `concurrent.futures` are waited for at exit, and a
    hook that sleeps would keep the process from ending.
    """

    def __init__(
        self, name: str, size: int, deadline: float, report: Report, freed: Callable[[], None]
    ) -> None:
        self._name = name
        self._size = min(size, THREADS)
        self._report = report
        self._freed = freed
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._seats: set[Seat] = set()
        self._left: set[Seat] = set()
        self._pending = 0
        self._overdue = 0
        self._ended: deque[tuple[Job, Any, float]] = deque()
        self._rung = False
        self._go = threading.Event()
        self._go.set()
        self._stopped = False
        self._watch = Watch(deadline, self._seats, self._give_up)

    @property
    def free(self) -> int:
        return self._size - self._pending

    @property
    def busy(self) -> bool:
        return bool(self._ended) or any(seat.job is not None for seat in list(self._seats))

    @property
    def overdue(self) -> int:
        return self._overdue

    def places(self) -> list[Place]:
        seats = (*self._seats.copy(), *self._left.copy())
        return [place for seat in seats if (place := seat.place())]

    def put(self, job: Job) -> None:
        if self._stopped:
            return
        self._pending += 1
        self._jobs.put(job)
        self._staff()
        self._watch.arm()

    def recall(self) -> list[Job]:
        jobs: list[Job] = []
        with suppress(Empty):
            while not self._stopped:
                if (job := self._jobs.get_nowait()) is not None:
                    jobs.append(job)
        self._pending -= len(jobs)
        return jobs

    def stop(self) -> None:
        self._stopped = True
        self._go.set()
        for _ in range(self._size):
            self._jobs.put(None)

    async def leave(self) -> None:
        self.stop()
        self._watch.stop()

    def _staff(self) -> None:
        """As many threads as there are calls to make, up to the size."""
        if len(self._seats) < min(self._size, self._pending) and not self._stopped:
            seat = Seat()
            self._seats.add(seat)
            threading.Thread(
                target=self._work, args=(seat,), name=f"route {self._name}", daemon=True
            ).start()

    def _work(self, seat: Seat) -> None:
        seat.thread = threading.get_native_id()
        while (job := self._jobs.get()) is not None:
            self._go.wait()
            if self._stopped:
                return
            seat.begin(job)
            result = attempt(job.hook.call, job.argument)
            with seat.lock:
                if not seat.given_up:
                    self._ended.append((job, result, seat.seconds))
                    seat.job = None
            if seat.given_up:
                tell(self._loop, self._come_back, seat)
                return
            if not self._rung:
                self._rung = True
                tell(self._loop, self._collect)

    def _collect(self) -> None:
        self._rung = False  # first: what a thread adds from now on rings again
        while self._ended:
            self._pending -= 1
            self._report(*self._ended.popleft())

    def _give_up(self, seat: Seat, job: Job) -> None:
        self._seats.discard(seat)
        self._left.add(seat)
        self._pending -= 1
        self._overdue += 1
        if self._overdue >= MOST_OVERDUE:
            self._go.clear()
        left = Raised(TimeoutError("its thread is left to itself"), overdue=True)
        self._report(job, left, seat.seconds)
        self._staff()

    def _come_back(self, seat: Seat) -> None:
        self._left.discard(seat)
        self._overdue -= 1
        if self._overdue < MOST_OVERDUE:
            self._go.set()
        self._freed()


def attempt(function: Callable[..., Any], *arguments: Any) -> Any:
    """What the function returned, or a Raised; a plugin may raise SystemExit, and ends nothing."""
    try:
        return function(*arguments)
    except BaseException as error:
        return Raised(error)


def tell(loop: asyncio.AbstractEventLoop, callback: Callable[..., None], *arguments: Any) -> None:
    """Have the loop call back, from a thread; when it is gone, nobody waits for this any more."""
    with suppress(RuntimeError):  # what a closed loop raises
        loop.call_soon_threadsafe(callback, *arguments)


async def once(function: Callable[[], Any], deadline: float) -> Any:
    """Call a plain or async function of a plugin, once, off the loop where it is plain.

    Returns what it returns, or a Raised. A plain one that is overdue is left to itself.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any) -> None:
        if not answer.done():
            answer.set_result(result)

    def run() -> None:
        tell(loop, settle, attempt(function))

    limit = asyncio.timeout(deadline)
    try:
        async with limit:
            if not asyncio.iscoroutinefunction(function):
                threading.Thread(target=run, name="open or close", daemon=True).start()
                result = await answer
                return await result if asyncio.iscoroutine(result) else result
            return await function()
    except BaseException as error:
        task = asyncio.current_task()
        if is_a(error, asyncio.CancelledError) and task and task.cancelling():
            raise
        return Raised(error, overdue=limit.expired())


async def unless(stopping: asyncio.Event, call: Coroutine[Any, Any, Any], patience: float) -> Any:
    """What the call returns; a Raised when `stopping` is set before it ends.

    It is cancelled then, and has `patience` seconds to end.
    """
    calling = asyncio.create_task(call)
    waiting = asyncio.create_task(stopping.wait())
    await asyncio.wait([calling, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if calling.done():
        return calling.result()
    calling.cancel()
    await asyncio.wait([calling], timeout=patience)
    return Raised(InterruptedError("the route was stopped"))
