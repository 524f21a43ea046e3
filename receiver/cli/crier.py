"""Lines for a person as things happen; in a flood a few of them, and how many more there were.

Must not know: what the lines are about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from receiver.cli import output

SECONDS = 1.0
MOST = 20


class Crier:
    """Prints a line at once; the same one, and more than `most` others, at most once a second.

    What was not printed is counted, and the count is printed when the second (`seconds`) is over.
    For one event loop.
    """

    def __init__(self, *, seconds: float = SECONDS, most: int = MOST) -> None:
        self._seconds = seconds
        self._most = most
        self._again: dict[str, int] = {}
        """The lines of this second, and how often each came again."""
        self._left_out = 0
        self._timer: asyncio.TimerHandle | None = None

    def say(self, line: str, advice: Callable[[], str] = str) -> None:
        """Print a line, and what follows it; `advice` is asked only when it is printed."""
        if line in self._again:
            self._again[line] += 1
        elif len(self._again) >= self._most:
            self._left_out += 1
        else:
            self._again[line] = 0
            output.line(output.printable(line + advice()))
        self._wait()

    def _wait(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._seconds, self.count)

    def count(self) -> None:
        """Print the counts: the second is over. Its timer calls it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        flood = {line: times for line, times in self._again.items() if times}
        left_out, self._left_out = self._left_out, 0
        self._again = dict.fromkeys(flood, 0)
        for line, times in flood.items():
            output.line(output.printable(f"{line} ({times} more of these)"))
        if left_out:
            output.line(f"({left_out} more lines left out)")
        if flood:
            self._wait()
