"""How long to wait before a failed delivery is tried again.

Must not know: what failed. Pure: the random number is an argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SECOND, MINUTE, HOUR = 1.0, 60.0, 3600.0

LONGEST_WAIT = 7 * 24 * HOUR
"""Seconds between two attempts, at most."""

ABOUT_THREE_DAYS = (
    5 * SECOND,
    5 * MINUTE,
    30 * MINUTE,
    *(hours * HOUR for hours in (2, 5, 10, 14, 20, 24)),
)
"""Seconds before attempt 2, 3, …, 10 (design.md, section 6)."""

MOST_ATTEMPTS = 1000
"""A schedule is a table; a longer one is a mistake."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Seconds between attempts, and how far chance may move them."""

    delays: tuple[float, ...]
    """Before attempt 2, before attempt 3, and so on; after the last one it is given up."""
    least: float = 0.8
    """The part of a delay that is always waited."""
    most: float = 1.2
    max_age: float | None = None
    """Seconds after the first attempt from which on there is no other; None: without end."""

    def over(self, age: float) -> bool:
        """Whether an attempt that many seconds after the first one would be too late."""
        return self.max_age is not None and age > self.max_age

    def delay(self, attempt: int, random: float) -> float | None:
        """Seconds from the failure of `attempt` (1, 2, …) to the next one; None: no more of them.

        `random` is from 0 to 1.
        """
        if not 1 <= attempt <= len(self.delays):
            return None
        return self.delays[attempt - 1] * (self.least + (self.most - self.least) * random)


def listed(delays: Sequence[float]) -> Schedule:
    """The delays as listed, moved by up to 20 % either way.

    Raises ValueError for a delay that is no number of seconds up to LONGEST_WAIT, and for too many
    of them.
    """
    if len(delays) >= MOST_ATTEMPTS:
        raise ValueError(f"{len(delays)} delays; the most is {MOST_ATTEMPTS - 1}")
    for delay in delays:
        if not 0 <= delay <= LONGEST_WAIT:
            raise ValueError(
                f"a delay is a number of seconds from 0 to {LONGEST_WAIT:g}, not {delay}"
            )
    return Schedule(tuple(float(delay) for delay in delays))


def growing(first: float, factor: float, cap: float, attempts: int) -> Schedule:
    """`first` seconds, then `factor` times longer each time but at most `cap`; with full jitter.

    Full jitter: each wait is anything from 0 to that delay. `attempts` counts the first one too.
    Raises ValueError for numbers out of which no schedule can be made.
    """
    if not (0 <= first <= LONGEST_WAIT and 0 <= cap <= LONGEST_WAIT and 1 <= factor < float("inf")):
        raise ValueError(
            f"first and cap are seconds from 0 to {LONGEST_WAIT:g}, factor is a number from 1 on"
        )
    if not 1 <= attempts <= MOST_ATTEMPTS:
        raise ValueError(f"attempts are from 1 to {MOST_ATTEMPTS}, not {attempts}")
    delays = []
    delay = min(first, cap)
    for _ in range(attempts - 1):
        delays.append(delay)
        delay = min(delay * factor, cap)
    return Schedule(tuple(delays), least=0.0, most=1.0)


DEFAULT = listed(ABOUT_THREE_DAYS)


def pause(failures: int, random: float, *, first: float = 0.1, cap: float = 30.0) -> float:
    """Seconds to wait after the `failures`th failure in a row of something that is never given up.

    Doubles from `first` to `cap`, and between half of that and all of it.
    """
    longest: float = min(cap, first * 2.0 ** min(failures - 1, 32))
    return longest * (0.5 + 0.5 * random)
