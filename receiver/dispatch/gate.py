"""How much a route may claim right now: by what is in hand, its rate, its breaker, its operator.

Must not know: how claims are made, the inbox.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from receiver.breaker import OF_THE_EVENT, Breaker, BreakerState
from receiver.dispatch.outcome import DELIVERED, Dead, Outcome, RetryAt
from receiver.dispatch.route import Route
from receiver.inbox.steering import Flow
from receiver.pace import Pace

WINDOW = 512
"""Claims in hand at the same time, at least; large enough that claiming is no bottleneck."""


class Gate:
    """Of one route; `closing` is called when what is in hand and not begun is to be given back."""

    def __init__(self, route: Route, closing: Callable[[], None]) -> None:
        self._window = max(WINDOW, 2 * route.batch, 2 * route.concurrency)
        self._breaker = Breaker(route.breaker)
        self._pace = None if route.rate is None else Pace(route.rate)
        self._closing = closing
        self.flow: Flow = "running"
        spread = max(1, self._window // (2 * route.concurrency))
        self._runs = (spread, min(route.batch, self._window // 2))

    def run(self, *, batches: bool) -> int:
        """How many events of a node are best claimed together."""
        return self._runs[batches]

    def steer(self, flow: Flow) -> bool:
        """Take up what the operator wants; whether that is something new."""
        if flow == self.flow:
            return False
        self.flow = flow
        if flow == "paused":
            self._closing()
        return True

    def room(self, in_hand: int, now: datetime) -> int:
        """How many more events may be claimed."""
        if self.flow == "paused" or in_hand > self._window // 2:
            return 0
        room = self._window - in_hand
        state = self._breaker.state(now)
        if state != "closed":
            room = 0 if state == "open" or in_hand else 1
        if room and self._pace is not None:
            room = min(room, self._pace.room(now))
        return room

    def shut(self, now: datetime) -> bool:
        """Whether nothing may be begun, though it was claimed."""
        return self.flow == "paused" or self._breaker.state(now) == "open"

    @property
    def fresh(self) -> bool:
        """Whether events may be claimed that never were."""
        return self.flow == "running"

    def go(self, events: int) -> None:
        """So many were claimed."""
        if self._pace is not None:
            self._pace.go(events)

    def again_at(self, now: datetime) -> datetime | None:
        """When there is room again for no other reason than the time; None: there is now."""
        until = self._breaker.until
        if until is not None and now < until:
            return until
        if self._pace is not None and self._pace.room(now) < 1:
            return self._pace.more_at(now)
        return None

    def state(self, now: datetime) -> tuple[BreakerState, datetime | None]:
        """The breaker's state, and until when it is open."""
        state = self._breaker.state(now)
        return state, self._breaker.until if state == "open" else None

    def ended(self, outcomes: list[Outcome], now: datetime) -> bool:
        """Take the outcomes of one call; whether the breaker has opened by it."""
        if outcomes and outcomes[-1] is DELIVERED:
            self._breaker.succeeded()
            return False
        failures = [
            outcome.failure
            for outcome in outcomes
            if isinstance(outcome, RetryAt)
            or (isinstance(outcome, Dead) and outcome.failure.kind != "reject")
        ]
        if len(failures) < len(outcomes):
            self._breaker.succeeded()
        elif failures and failures[0].error not in OF_THE_EVENT and self._breaker.failed(now):
            self._closing()
            return True
        return False
