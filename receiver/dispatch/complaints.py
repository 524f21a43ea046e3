"""What is said of a route that does not work: in its status, and in few words in the log.

Must not know: why it does not work.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from receiver.dispatch.clock import Clock
from receiver.dispatch.failures import Failures
from receiver.dispatch.outcome import Dead, RetryAt
from receiver.dispatch.route import RouteStatus, State
from receiver.inbox import Claim


class Complaints:
    """Keeps the last one for the status of a route."""

    def __init__(self, status: RouteStatus, clock: Clock, log: Any) -> None:
        self.status = status
        self._clock = clock
        self._store_failures = 0
        self._failures = Failures(log)

    @property
    def log(self) -> Any:
        """Where it is said."""
        return self._failures.log

    @log.setter
    def log(self, log: Any) -> None:
        self._failures.log = log

    def state(self, state: State) -> None:
        """The route is in another state, and there is nothing to complain of."""
        self.status = replace(self.status, state=state)
        if state == "stopped":
            self._failures.sum_up()

    def note(self, error: str, state: State | None = None) -> None:
        """Something went wrong; `error` holds no secrets."""
        self.status = replace(
            self.status,
            state=state or self.status.state,
            last_error=f"route {self.status.route}, sink {self.status.plugin}: {error}",
            last_error_at=self._clock.now(),
        )

    def attempt(self, claim: Claim, outcome: RetryAt | Dead) -> None:
        """An attempt failed."""
        failure = outcome.failure
        error = ": ".join(part for part in (failure.error, failure.message) if part)
        self.note(error)
        self._failures.tell(claim, error, failure.at, dead=isinstance(outcome, Dead))

    def store_failed(self, error: Exception) -> int:
        """The inbox failed; how often in a row."""
        self._store_failures += 1
        if self._store_failures == 1:
            said = f"{type(error).__name__}: {error}"
            self.note(f"the inbox failed: {said}")
            self.log.error("the inbox failed; trying on", error=said)
        return self._store_failures

    def store_works(self) -> None:
        """The inbox did what was asked of it."""
        if self._store_failures:
            self._store_failures = 0
            self.log.info("the inbox works again")
