"""Follows what is decided: within a second of a decision, what runs goes by it.

Must not know: what is decided, what is done with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from receiver.errors import ReceiverError

SECONDS = 0.5
"""How often it is asked whether something was decided; a question of microseconds."""

_log = logging.getLogger("receiver.backstage")


class Following:
    """Made and used on one loop."""

    def __init__(
        self, revision: Callable[[], Awaitable[int]], take_up: Callable[[], Awaitable[None]]
    ) -> None:
        """`revision` is that of the newest decision. What raises ReceiverError is asked again."""
        self._revision = revision
        self._take_up = take_up
        self._nudged = asyncio.Event()
        self._changed = asyncio.Condition()
        self._known = 0

    async def begin(self) -> None:
        """What is decided now is taken up otherwise."""
        self._known = await self._revision()

    async def run(self) -> None:
        """Look for decisions until it is cancelled."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._nudged.wait(), SECONDS)
            self._nudged.clear()
            try:
                await self._look()
            except ReceiverError as error:
                _log.warning("what was decided cannot be taken up yet: %s", error)

    async def _look(self) -> None:
        revision = await self._revision()
        if revision == self._known:
            return
        await self._take_up()
        async with self._changed:
            self._known = revision
            self._changed.notify_all()

    async def settled(self, revision: int) -> None:
        """Look now; returns when what runs goes by that revision."""
        self._nudged.set()
        async with self._changed:
            await self._changed.wait_for(lambda: self._known >= revision)
