"""Calls hooks of a sink in another process, and gives up on that process when one does not end.

Must not know: how the process is started, what becomes of outcomes.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from typing import Any

from receiver.dispatch.calls import Job, Place, Report, Seat, Watch
from receiver.dispatch.outcome import Foreign, Raised
from receiver.errors import Reject, Retry
from receiver.event import Event
from receiver.isolation import frames
from receiver.isolation.frames import Call, Letter, Message

_numbers = itertools.count(1)


class Remote:
    """A crew that makes its calls in a sink's process, `size` at the same time.

    While there is no process, jobs wait. When it dies, the calls under way have failed.
    """

    overdue = 0
    """A process that does not end its calls is ended: nothing is left behind."""

    def __init__(
        self,
        size: int,
        limit: float,
        report: Report,
        send: Callable[[Message], bool],
        kill: Callable[[], None],
    ) -> None:
        """`limit`: seconds after which a call's process is killed. `send` is False without one."""
        self._size = size
        self._report = report
        self._send = send
        self._kill = kill
        self._jobs: deque[Job] = deque()
        self._seats: dict[int, Seat] = {}
        self._stopped = False
        self._watch = Watch(limit, self._seats.values(), self._overdue)

    @property
    def free(self) -> int:
        return self._size - len(self._jobs) - len(self._seats)

    @property
    def busy(self) -> bool:
        return bool(self._seats)

    def places(self) -> list[Place]:
        return []  # no call of this process

    def put(self, job: Job) -> None:
        if not self._stopped:
            self._jobs.append(job)
            self.go_on()

    def recall(self) -> list[Job]:
        jobs = list(self._jobs)
        self._jobs.clear()
        return jobs

    def stop(self) -> None:
        self._stopped = True
        self._jobs.clear()

    async def leave(self) -> None:
        self.stop()
        self._watch.stop()
        self._seats.clear()

    def go_on(self) -> None:
        """Make the calls that wait, as many as there may be at the same time."""
        while self._jobs and len(self._seats) < self._size:
            number = next(_numbers)
            if not self._send(called(number, self._jobs[0])):
                return
            seat = self._seats[number] = Seat()
            seat.begin(self._jobs.popleft())
            self._watch.arm()

    def answered(self, number: int, answer: frames.Report) -> None:
        """A call has ended; one that is not of this crew is not heeded."""
        seat = self._seats.pop(number, None)
        if seat is not None and seat.job is not None:
            self._report(seat.job, result(answer), seat.seconds)
            self.go_on()

    def died(self, how: str, last_lines: str) -> None:
        """The process is no more, and with it the calls that were under way."""
        seats = list(self._seats.values())
        self._seats.clear()
        for seat in seats:
            if seat.job is not None:
                error = Foreign("ProcessDied", how, last_lines)
                self._report(seat.job, Raised(error, overdue=seat.given_up), seat.seconds)

    def _overdue(self, _seat: Seat, _job: Job) -> None:
        self._kill()


def called(number: int, job: Job) -> Call:
    """A job as its process is told of it."""
    events: list[Event[Any]] = job.argument if job.batch else [job.argument]
    return Call(number, job.hook.name, job.batch, [letter(event) for event in events])


def letter(event: Event[Any]) -> Letter:
    """An event as it travels."""
    return Letter(
        event.seq,
        event.id,
        event.source,
        event.type,
        event.key,
        event.time,
        event.received_at,
        event.node,
        event.user,
        event.raw,
        event.attempt,
        event.replay,
        event.released,
        event.trace,
    )


class Other:
    """Something that no hook may return, in a few words."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def result(answer: frames.Report) -> Any:
    """What a call returned, as far as it matters, or a Raised."""
    match answer.kind:
        case "value":
            return answer.value
        case "list":
            return [_item(item) for item in answer.items]
        case "retry" | "reject" | "error":
            return Raised(_error(answer), overdue=answer.overdue)
    return Other(answer.text)


def _item(answer: frames.Report) -> Any:
    told = result(answer)
    return told.error if isinstance(told, Raised) else told


def _error(answer: frames.Report) -> Exception:
    if answer.kind == "retry":
        return Retry(answer.text, after=answer.after)
    if answer.kind == "reject":
        return Reject(answer.text)
    return Foreign(answer.name, answer.text, answer.trace)
