"""Says in the log what a route could not deliver, however much that is.

A route that buries ten thousand events must not write ten thousand lines: of each kind the first
few are said at once, then one a second, with how many there were since. The metrics count all, and
`receiver dead` lists every dead letter. Must not know: what an outcome is decided by.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime
from typing import Any

from receiver.inbox import Claim
from receiver.sampling import Sampler

BURST = 10
"""Dead letters that are each said: they wait for a person."""
SECONDS = 1.0
"""Between two lines of a flood. Of attempts that are made again there is no more from the start."""
SUM_UP = 10.0
"""After which what was not said of a flood that has ended is said."""

_DEAD, _AGAIN = "dead letter", "not delivered"


class Failures:
    """The failures of one route; `log` may be replaced."""

    def __init__(self, log: Any) -> None:
        self.log = log
        self._samplers: dict[str, Sampler[str]] = {
            _DEAD: Sampler(BURST, SECONDS),
            _AGAIN: Sampler(1, SECONDS),
        }
        self._summing_up: asyncio.TimerHandle | None = None

    def tell(self, claim: Claim, error: str, at: datetime, *, dead: bool) -> None:
        """An attempt has failed; a log that cannot be written costs no outcome."""
        what = _DEAD if dead else _AGAIN
        unsaid = self._samplers[what].admit(what, at.timestamp())
        if unsaid is None:
            if self._summing_up is None:
                later = asyncio.get_running_loop().call_later
                self._summing_up = later(SUM_UP, self.sum_up)
            return
        told: dict[str, Any] = {
            "event_id": claim.event.id,
            "type": claim.event.type,
            "attempt": claim.attempt,
        }
        if unsaid:
            told["not_logged_before"] = unsaid
        with contextlib.suppress(Exception):
            self.log.warning(what, **told, error=error)

    def sum_up(self) -> None:
        """Say how many were not said; to be called at the end of the route, too."""
        if self._summing_up is not None:
            self._summing_up.cancel()
            self._summing_up = None
        for sampler in self._samplers.values():
            for what, count in sampler.unsaid():
                with contextlib.suppress(Exception):
                    self.log.warning(f"{what}, not logged", count=count)
