"""Keys of a terminal, one at a time, as they are pressed.

Must not know: what they do.
"""

from __future__ import annotations

import asyncio
import os
import sys
import termios
import tty
from types import TracebackType

_NAMES = {"\x1b[A": "up", "\x1b[B": "down", "\r": "enter", "\n": "enter", "\x04": "q"}
_ESCAPE = "\x1b["


class Keyboard:
    """In the block, stdin gives keys and shows none; Ctrl-C is Ctrl-C. For a running loop."""

    def __init__(self) -> None:
        self._descriptor = sys.stdin.fileno()
        self._keys: asyncio.Queue[str] = asyncio.Queue()
        self._before: list[int | list[bytes | int]] = []

    async def key(self) -> str:
        """The next key: what it writes, or `up`, `down`, `enter`; `q` at the end of input."""
        return await self._keys.get()

    def _read(self) -> None:
        text = os.read(self._descriptor, 1024).decode("utf-8", "replace")
        if not text:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            self._keys.put_nowait("q")
        while text:
            size = 3 if text.startswith(_ESCAPE) else 1
            key, text = text[:size], text[size:]
            self._keys.put_nowait(_NAMES.get(key, key))

    def __enter__(self) -> Keyboard:
        self._before = termios.tcgetattr(self._descriptor)
        tty.setcbreak(self._descriptor)
        asyncio.get_running_loop().add_reader(self._descriptor, self._read)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)
