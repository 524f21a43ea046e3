"""Appends events to a file, one line of JSON each, and begins a new file when it is full.

Must not know: anything of Receiver but its porch.
"""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path
from typing import Any

from pydantic import Field

from receiver import Event, Sink, hookimpl
from receiver.sinks.text import line

OURS = b'{"seq": '
"""How each of our lines begins."""
TAIL = 16 * 1024 * 1024
"""Bytes at the end of a file that are looked at for a line that was torn by a crash."""


class JsonLines(Sink):
    """Append every event to a file, one line of JSON each."""

    class Settings(Sink.Settings):
        """Where to, and how much of it is kept."""

        path: Path = Field(
            description="The file; it and its folder are made, for their owner alone, where there"
            " are none."
        )
        max_bytes: int = Field(
            default=100 * 1024 * 1024,
            ge=1024,
            description="Bytes from which on a new file is begun; the old one is renamed to"
            " `<path>.1`, that one to `<path>.2`, and so on.",
        )
        keep: int = Field(default=5, ge=1, le=1000, description="Renamed files that are kept.")

    def open(self) -> None:
        """Open the file. Raises OSError where that cannot be done, or another one writes to it."""
        self._lock = threading.Lock()
        self.settings.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = _locked(self.settings.path)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            os.close(self._file)

    @hookimpl
    def on_batch(self, events: list[Event[Any]]) -> None:
        """Write all events in one go; return when they are on the disk."""
        lines = "".join(f"{line(event)}\n" for event in events).encode("utf-8")
        with self._lock:
            self._follow()
            size = self._size()
            if size and size + len(lines) > self.settings.max_bytes:
                self._rotate()
            self._write(lines)

    def _size(self) -> int:
        return os.fstat(self._file).st_size

    def _write(self, lines: bytes) -> None:
        """All of the lines or none of them, on the disk."""
        before = self._size()
        try:
            rest = memoryview(lines)
            while rest:
                rest = rest[os.write(self._file, rest) :]
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, before)  # a full disk must not leave half a line
            raise

    def _follow(self) -> None:
        """Open the file anew where somebody else has moved or deleted it."""
        try:
            there = self.settings.path.stat()
            moved = not os.path.samestat(there, os.fstat(self._file))
        except FileNotFoundError:
            moved = True
        if moved:
            self._replace()

    def _rotate(self) -> None:
        path = self.settings.path
        for number in range(self.settings.keep - 1, 0, -1):
            older = _numbered(path, number)
            if older.exists():
                older.replace(_numbered(path, number + 1))
        path.replace(_numbered(path, 1))
        self._replace()

    def _replace(self) -> None:
        new = _locked(self.settings.path)
        os.close(self._file)
        self._file = new


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def _locked(path: Path) -> int:
    """The open file, ours alone to write to, ending with a whole line."""
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _mend(file)
        _sync_folder(path.parent)
    except BlockingIOError:
        os.close(file)
        raise BlockingIOError(f"another route or process writes to {path}") from None
    except BaseException:
        os.close(file)
        raise
    return file


def _mend(file: int) -> None:
    """Cut off what a crash left of a line; its event comes again. Other people's text is kept."""
    size = os.fstat(file).st_size
    start = max(0, size - TAIL)
    tail = os.pread(file, size - start, start)
    torn = tail[tail.rfind(b"\n") + 1 :]
    if not torn:
        return
    if torn.startswith(OURS) or OURS.startswith(torn):
        os.ftruncate(file, size - len(torn))
    else:
        os.write(file, b"\n")


def _sync_folder(folder: Path) -> None:
    """Make sure that a new or renamed file is still there after a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
