"""Who copies the write-ahead log into the file: one process at a time, and never twice in a row.

SQLite before 3.51.3 (and the branches that have its fix) may damage a store when a checkpoint runs
on a log that another one has just copied whole, while a commit begins that log anew
(sqlite.org/wal.html, "The WAL-Reset Bug"). So a checkpoint beside commits is made only by who holds
this lock, and only where the one before ended with the log begun anew: cut, or by a commit of its
own under the common lock of the writers. Otherwise the checkpoint itself is made under that lock.
Must not know: when it is time to tidy.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_UNFINISHED = b"1"
_FINISHED = b"0"


class Turn:
    """The turn to tidy, while it is held."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @property
    def finished(self) -> bool:
        """Whether whoever had the turn before ended with the log begun anew."""
        return os.pread(self._descriptor, 1, 0) != _UNFINISHED

    def begin(self) -> None:
        """The log is being copied: whoever is killed now leaves it unfinished."""
        os.pwrite(self._descriptor, _UNFINISHED, 0)

    def end(self) -> None:
        """The log is begun anew."""
        os.pwrite(self._descriptor, _FINISHED, 0)


@contextmanager
def turn(path: Path) -> Iterator[Turn | None]:
    """The turn to tidy the store at `path`; None while another process has it. Raises OSError."""
    descriptor = os.open(f"{path}.tidy", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        yield Turn(descriptor)
    finally:
        os.close(descriptor)
