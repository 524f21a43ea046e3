"""The lease of a store: the one process that holds it delivers.

A lock on a file of its own, which the kernel takes back when its holder ends, however it ends.
Must not know: what is delivered.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from receiver.errors import StoreError
from receiver.keptsecrets import ANOTHER, private_folder

FILE = "backstage.lock"
AGAIN_SECONDS = 0.2


class Lease:
    """The lease of the store in `folder`, once it was taken."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._handle = -1

    @property
    def held(self) -> bool:
        """Whether it is ours."""
        return self._handle >= 0

    def take(self) -> None:
        """Take it. Raises StoreError when another process holds it."""
        if not self._taken():
            raise StoreError(
                f"another receiver delivers from {self._folder} already; stop it, or use another "
                "store"
            )

    async def wait(self, told: Callable[[], None]) -> None:
        """Take it as soon as nobody else holds it; `told` is called when that is not at once."""
        waiting = False
        while not self._taken():
            if not waiting:
                told()
            waiting = True
            await asyncio.sleep(AGAIN_SECONDS)

    def release(self) -> None:
        """Let others have it."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

    def _taken(self) -> bool:
        private_folder(self._folder)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            handle = os.open(self._folder / FILE, flags, 0o600)
        except OSError as error:
            why = f"cannot write into {self._folder}: {error.strerror}; {ANOTHER}"
            raise StoreError(why) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._handle = handle
        return True
