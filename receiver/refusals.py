"""Says in the log what requests were refused or put in quarantine, however many there are.

A flood of bad requests must not become a flood of log lines: of each source and reason the first
few are said at once, then one at a time, with how many there were since; the metrics count all.
Must not know: how requests are judged, HTTP.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import structlog

from receiver.contract import Operation
from receiver.receipt import Status
from receiver.replies import Outcome, Refused, Taken, reply
from receiver.sampling import Sampler

BURST = 5
SECONDS = 60.0


class Refusals:
    """An observer (receiver.intake.Observer) that logs what is not simply taken."""

    def __init__(
        self,
        *,
        burst: int = BURST,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log: Any = structlog.get_logger("receiver.refusals")
        self._sampler: Sampler[tuple[str, str]] = Sampler(burst, seconds)
        self._seconds = seconds
        self._summing_up = False
        self._clock = clock

    def observe(self, operation: Operation, outcome: Outcome, detail: str = "") -> None:
        """Told of each request, or only of those that were not simply taken."""
        if isinstance(outcome, Taken):
            problems = [r.problems for r in outcome.receipts if r.status is Status.QUARANTINED]
            if not problems:
                return
            what, why = "quarantined", "; ".join(problems[0])
        else:
            what = outcome.reason if isinstance(outcome, Refused) else type(outcome).__name__
            why = detail
        unsaid = self._sampler.admit((operation.source, what), self._clock())
        if unsaid is None:
            self._sum_up_later()
            return
        more = {"not_logged_before": unsaid} if unsaid else {}
        self._log.warning(
            "quarantined" if what == "quarantined" else "refused",
            operation=operation.id,
            source=operation.source,
            status=reply(outcome).status,
            reason=what,
            detail=why,
            **more,
        )

    def _sum_up_later(self) -> None:
        """A flood that ends is told of, too."""
        if not self._summing_up:
            self._summing_up = True
            asyncio.get_running_loop().call_later(self._seconds, self.sum_up)

    def sum_up(self) -> None:
        """Say how many were not said, of each kind; to be called when the process stops, too."""
        self._summing_up = False
        for (source, what), count in self._sampler.unsaid():
            self._log.warning("refused, not logged", source=source, reason=what, count=count)
