"""What a sink's process prints, line by line into our log; a flood of it is left out.

A line of the child's own log comes as a record separator and JSON (the idea of RFC 7464), and
becomes a record of ours at its level. Must not know: what the sink does.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Literal

MARK = "\x1e"
"""How a line of the child's log begins."""
LINES = 100
"""Lines in a second that are logged; the rest is counted."""
BYTES = 8 * 1024 * 1024
"""Bytes in a second that are read; then whoever prints waits."""
LONGEST_LINE = 4_000
REMEMBERED = 40
"""Lines that are kept, to be told when the process dies."""
LEVELS = frozenset({"debug", "info", "warning", "error", "critical"})
FIELDS = 50


class Output(asyncio.Protocol):
    """One stream of one process; `ended` is called when nothing more can come."""

    def __init__(
        self,
        stream: Literal["stdout", "stderr"],
        log: Callable[[], Any],
        clean: Callable[[str], str],
        ended: Callable[[], None],
    ) -> None:
        """`log` gives the logger to write to, `clean` takes the secrets out of a text."""
        self.last: deque[str] = deque(maxlen=REMEMBERED)
        self._stream = stream
        self._log = log
        self._clean = clean
        self._ended = ended
        self._transport: Any = None
        self._rest = b""
        self._second = 0.0
        self._lines = self._bytes = 0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._count(len(data))
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        room = max(LINES - self._lines, 0)
        self._lines += len(lines)
        for line in lines[:room]:
            self._line(line[:LONGEST_LINE])

    def connection_lost(self, error: Exception | None) -> None:
        if self._rest:
            self._line(self._rest)
        self._tell_left_out()
        self._ended()

    def close(self) -> None:
        """Read no more; what a process has started may hold on to its end."""
        if self._transport is not None:
            self._transport.close()

    def _count(self, size: int) -> None:
        now = time.monotonic()
        if now - self._second >= 1.0:
            self._tell_left_out()
            self._second, self._lines, self._bytes = now, 0, 0
        self._bytes += size
        if self._bytes > BYTES:
            self._transport.pause_reading()
            wait = max(self._second + 1.0 - now, 0.0)
            asyncio.get_running_loop().call_later(wait, self._resume)

    def _resume(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def _tell_left_out(self) -> None:
        if self._lines > LINES:
            self._log().warning(
                f"{self._lines - LINES} more lines that its process printed are left out",
                stream=self._stream,
            )

    def _line(self, line: bytes) -> None:
        text = self._clean(line.decode("utf-8", "replace").rstrip("\r"))
        if text.startswith(MARK) and self._record(text[len(MARK) :]):
            return
        if text.strip():
            self.last.append(text)
            level = "info" if self._stream == "stdout" else "warning"
            getattr(self._log(), level)(text, stream=self._stream)

    def _record(self, text: str) -> bool:
        """Log a record of the child's own log; False where it is none."""
        try:
            fields = json.loads(text)
            level, said = fields.pop("level"), str(fields.pop("event"))
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
            return False
        if level not in LEVELS or len(fields) > FIELDS:
            return False
        fields.pop("route", None)
        getattr(self._log(), level)(said, **fields)
        return True
