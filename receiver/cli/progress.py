"""How far a long command is: one line that changes on a terminal, a line now and then elsewhere.

On stderr, so that what a command prints for the next program stays clean. Must not know: what it
is that takes long.
"""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType

from receiver.cli import output

TERMINAL_SECONDS = 0.1
ELSEWHERE_SECONDS = 5.0


class Progress:
    """`with Progress() as progress: progress.show("…")`, as often as one likes."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._every = TERMINAL_SECONDS if self._terminal else ELSEWHERE_SECONDS
        self._next = time.monotonic() + (0.0 if self._terminal else ELSEWHERE_SECONDS)
        self._shown = False

    def show(self, text: str) -> None:
        """Say how far it is, unless that was said just now."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + self._every
        if not self._terminal:
            output.tell(text)
            return
        width = shutil.get_terminal_size().columns
        sys.stderr.write(f"\r\x1b[K{output.printable(text)[: width - 1]}")
        sys.stderr.flush()
        self._shown = True

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
