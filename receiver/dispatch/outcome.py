"""What became of one attempt: delivered, to be tried again, or given up.

The contract of hooks (receiver.hookspecs) is decided here and nowhere else.
Must not know: how a hook was called, the inbox's state.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from receiver.backoff import LONGEST_WAIT, Schedule
from receiver.errors import Reject, Retry
from receiver.inbox import Claim, Failure
from receiver.redaction import Redaction, plain

LONGEST_MESSAGE = 2_000
LONGEST_TRACEBACK = 8_000
LONGEST_SPOKEN = 100_000
"""Characters of a message or traceback that are searched for secrets, before it is shortened."""
LONGEST_NAME = 200
FRAMES = 20

MAY_RETURN = (
    "a hook returns None or True (delivered) or False (try again), and raises Retry or Reject"
)


@dataclass(frozen=True, slots=True)
class Delivered:
    """The sink has it."""


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Not delivered; to be tried again."""

    when: datetime
    failure: Failure


@dataclass(frozen=True, slots=True)
class Dead:
    """Given up."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Not attempted after all; it may be claimed again."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Not to be delivered after all, and that is kept."""

    why: str


Judged = Delivered | RetryAt | Dead
"""What a hook's answer means."""
Outcome = Judged | Dropped
DELIVERED = Delivered()
GIVEN_BACK = GivenBack()


@dataclass(frozen=True, slots=True)
class Raised:
    """What a call ended with when it did not return."""

    error: BaseException
    overdue: bool = False
    """Whether it was ended by its deadline."""


class Foreign(Exception):
    """An exception of another process; its message is this one's message."""

    def __init__(self, name: str, message: str, trace: str = "") -> None:
        self.name = name
        """The name of its type."""
        self.trace = trace
        """Where it was raised."""
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Judge:
    """Turns what hooks return and raise into outcomes, for one route."""

    schedule: Schedule
    deadline: float
    redaction: Redaction

    def outcome(self, result: Any, claim: Claim, *, now: datetime, random: float) -> Judged:
        """`result` is what the hook returned for this event, or a Raised. Raises nothing."""
        try:
            return self._outcome(result, claim, now, random)
        except BaseException:  # what a hook returned or raised may do anything when looked at
            failure = Failure(now, "error", "", "what the hook returned or raised cannot be told")
            return self._again(failure, claim, 0.0, now, random)

    def _outcome(self, result: Any, claim: Claim, now: datetime, random: float) -> Judged:
        if result is None or result is True:
            return DELIVERED
        after = 0.0
        if is_a(result, Raised):
            failure = self._failure(result, now)
            if is_a(result.error, Reject):
                return Dead(failure)
            if is_a(result.error, Retry):
                after = seconds(result.error.after)
        elif result is False:
            failure = Failure(now, "retry", "", "the hook returned False")
        else:
            said = self._clean(f"the hook returned {shown(result)}; {MAY_RETURN}")
            failure = Failure(now, "error", "TypeError", said)
        return self._again(failure, claim, after, now, random)

    def batch(self, result: Any, size: int) -> list[Any] | None:
        """One result per event of a batch; None when the events are to be called one by one.

        A Retry is meant for all of them, and so is a deadline: calling each at once would only
        wait as long again. Both are called one by one when they are due.
        """
        if is_a(result, Raised):
            return [result] * size if result.overdue or is_a(result.error, Retry) else None
        if result is False:
            return None
        if result is None or result is True:
            return [result] * size
        several = items(result)
        if several is None or len(several) != size:
            what = shown(result) if several is None else f"{len(several)} outcomes"
            error = TypeError(
                f"on_batch returned {what} for {size} events; it returns nothing, or a list with"
                " None, True, False, a Retry or a Reject for each"
            )
            return [Raised(error)] * size
        return [Raised(item) if is_a(item, BaseException) else item for item in several]

    def _again(
        self, failure: Failure, claim: Claim, after: float, now: datetime, random: float
    ) -> Judged:
        delay = self.schedule.delay(claim.attempt, random)
        if delay is None:
            return Dead(replace(failure, kind="expired"))
        when = now + timedelta(seconds=min(max(delay, after), LONGEST_WAIT))
        first = claim.first_attempt_at or now
        if self.schedule.over((when - first).total_seconds()):
            return Dead(replace(failure, kind="expired"))
        return RetryAt(when, failure)

    def _failure(self, raised: Raised, now: datetime) -> Failure:
        error = raised.error
        if raised.overdue:
            kind, message = "deadline", f"the hook took longer than {self.deadline:g} s"
        else:
            own = "retry" if is_a(error, Retry) else "error"
            kind, message = ("reject" if is_a(error, Reject) else own), spoken(error)
        # A Retry or a Reject is the sink's own words; where they were said is of no interest.
        trace = "" if kind in ("retry", "reject") else traced(error)
        return Failure(
            now,
            kind,
            self._clean(called(error))[:LONGEST_NAME],
            self._clean(message)[:LONGEST_MESSAGE],
            self._clean(trace)[-LONGEST_TRACEBACK:],
        )

    def _clean(self, text: str) -> str:
        return self.redaction.text(text)


def seconds(value: Any) -> float:
    """A sink's `after` as seconds from 0 to LONGEST_WAIT; 0 where it makes no sense."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return 0.0
    return float(min(max(value, 0.0), LONGEST_WAIT))


def is_a(value: object, *kinds: type) -> bool:
    """What `isinstance` says, without asking the value, whose `__class__` may do anything."""
    return issubclass(type(value), kinds)


def items(value: object) -> list[Any] | None:
    """What is in a list or a tuple, whatever a subclass says of it; None for anything else."""
    if is_a(value, list):
        return list.__getitem__(cast("list[Any]", value), slice(None))
    if is_a(value, tuple):
        return [*tuple.__getitem__(cast("tuple[Any, ...]", value), slice(None))]
    return None


def named(error: BaseException) -> str:
    """The name of the exception's class, whatever that makes of being asked for it."""
    try:
        return plain(type(error).__name__, LONGEST_NAME)
    except BaseException:  # a class of such classes may even exit there
        return "(its name cannot be shown)"


def spoken(error: BaseException) -> str:
    """The exception's message, whatever its class makes of being asked for it."""
    try:
        return plain(str(error), LONGEST_SPOKEN)
    except BaseException:  # a class may even exit there
        return "(its message cannot be shown)"


def shown(value: object) -> str:
    """A value in a few words, whatever its class makes of being asked for them."""
    try:
        text = plain(repr(value), LONGEST_SPOKEN)
    except BaseException:  # a class may even exit there
        text = "something that cannot be shown"
    return text if len(text) <= 80 else f"{text[:80]}…"


def called(error: BaseException) -> str:
    """The name of the exception's type, of the process where it was raised."""
    return cast("Foreign", error).name if is_a(error, Foreign) else named(error)


def traced(error: BaseException) -> str:
    """Where it was raised, without the frame that called the hook."""
    if is_a(error, Foreign):
        return cast("Foreign", error).trace
    trace = error.__traceback__
    try:
        lines = traceback.format_exception(
            type(error), error, trace and trace.tb_next, limit=-FRAMES
        )
        return plain("".join(lines)[-LONGEST_SPOKEN:], LONGEST_SPOKEN)
    except BaseException:  # a class may even exit there
        return "(its traceback cannot be shown)"
