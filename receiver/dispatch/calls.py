"""One call of a hook, who makes it, and the watch over calls that do not end.

Must not know: outcomes, the inbox.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from receiver.dispatch.lanes import Item
from receiver.plugins import Hook


@dataclass(frozen=True, slots=True)
class Job:
    """A hook to call with an event, or with a batch of them."""

    hook: Hook
    argument: Any
    items: tuple[Item, ...]
    batch: bool = False
    """Whether what comes back is meant for a batch, and may be tried one by one."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """One call that has not ended, for who watches what holds up the process."""

    route: str
    plugin: str
    hook: str
    since: float
    """When it began, by `time.monotonic()`."""
    task: asyncio.Task[None] | None = None
    """What makes it on the loop."""
    thread: int | None = None
    """What makes it off the loop: the operating system's number of that thread."""


class Place(NamedTuple):
    """A call that has not ended, and what makes it."""

    hook: str
    since: float
    task: asyncio.Task[None] | None
    thread: int | None


Report = Callable[[Job, Any, float], None]
"""Takes what a call returned or a Raised, and the seconds it took; called on the loop."""


MOST_OVERDUE = 2
"""Calls past their deadline and still running, from which on a crew begins no other."""


class Crew(Protocol):
    """Makes calls, a bounded number at the same time.

    It gives up what is overdue. While MOST_OVERDUE given-up calls are still running it begins no
    others: it is stuck, until one of them comes back.
    """

    @property
    def free(self) -> int:
        """How many more jobs could be begun at once."""

    @property
    def overdue(self) -> int:
        """Calls that were given up at their deadline and are still running."""

    @property
    def busy(self) -> bool:
        """Whether calls are under way that are not given up, or ended and not yet reported."""

    def places(self) -> list[Place]:
        """The calls in this process that have not ended, given up or not; from any thread."""

    def put(self, job: Job) -> None:
        """Make this call as soon as there is somebody to make it."""

    def recall(self) -> list[Job]:
        """Take back the jobs that are not begun."""

    def stop(self) -> None:
        """Begin no more calls, and forget those that are not begun."""

    async def leave(self) -> None:
        """End what can be ended, and leave the rest to itself; after `stop`."""


class Seat:
    """The place of one caller: what it is at, and since when.

    The loop gives a call up and a thread ends it, perhaps at the same moment: `lock` decides. Who
    ends a call looks at `given_up` and clears `job` while holding it.
    """

    __slots__ = ("given_up", "job", "lock", "since", "thread")

    def __init__(self, thread: int | None = None) -> None:
        self.lock = threading.Lock()
        self.thread = thread
        """The operating system's number of the thread that sits here."""
        self.job: Job | None = None
        self.since = 0.0
        self.given_up = False

    def begin(self, job: Job) -> None:
        self.since = time.monotonic()
        self.job = job

    @property
    def seconds(self) -> float:
        """For how long it has been at what it is at."""
        return time.monotonic() - self.since

    def place(self, task: asyncio.Task[None] | None = None) -> Place | None:
        """What it is at, while it is at something."""
        job = self.job
        return None if job is None else Place(job.hook.name, self.since, task, self.thread)

    def give_up(self, seconds: float) -> Job | None:
        """Give up a call that is under way for `seconds` or longer, and return its job."""
        with self.lock:
            if self.job is None or time.monotonic() - self.since < seconds:
                return None
            self.given_up = True
            return self.job


class Watch:
    """Looks for overdue calls as rarely as it can: one timer for all seats of a crew."""

    def __init__(
        self, seconds: float, seats: Iterable[Seat], overdue: Callable[[Seat, Job], None]
    ) -> None:
        self._seconds = seconds
        self._seats = seats
        self._overdue = overdue
        self._timer: asyncio.TimerHandle | None = None

    def arm(self) -> None:
        """Make sure that a call begun from now on is looked at in time."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._seconds, self._look)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        for seat in list(self._seats):
            job = seat.give_up(self._seconds)
            if job is not None:
                self._overdue(seat, job)
        began = [seat.since for seat in self._seats if seat.job is not None and not seat.given_up]
        if began:
            wait = max(min(began) + self._seconds - time.monotonic(), 0.001)
            self._timer = asyncio.get_running_loop().call_later(wait, self._look)
