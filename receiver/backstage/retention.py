"""Deletes from the inbox what `[retention]` lets go, step by step, leaving others their turn.

Must not know: how a store deletes, routes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import isinf

from receiver.inbox.retention import Limits, Purged, Retention
from receiver.settings import RetentionSettings
from receiver.settings.values import in_bytes

ROUND_SECONDS = 10.0
"""Between one walk through all that is kept and the next."""

PRESSED_SECONDS = 1.0
"""The same while the store is above its soft limit: what may go, goes at once."""

LEISURE, HASTE = 16, 2
"""A step is followed by a pause so many times as long; in haste while the store is too large."""

SHORTEST_PAUSE = 0.005
AGAIN_SECONDS = 3_600.0
"""What goes on is told again after so long."""

_log = logging.getLogger("receiver.backstage")


def limits(settings: RetentionSettings) -> Limits:
    """The limits that are configured."""
    return Limits(
        events=_age(settings.events),
        dead=_age(settings.dead),
        quarantine=_age(settings.quarantine),
        soft=_bytes(settings.soft_limit),
        hard=_bytes(settings.hard_limit),
        force=settings.force,
    )


def _age(seconds: float) -> timedelta | None:
    try:
        return timedelta(seconds=seconds)
    except OverflowError:  # longer than there is time
        return None


def _bytes(size: float) -> int | None:
    return None if isinf(size) else int(size)


class Deleting:
    """Keeps the inbox within its limits while `run` runs."""

    def __init__(
        self,
        inbox: Retention,
        settings: RetentionSettings,
        *,
        told: Callable[[Purged, Limits], None] = lambda *_: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`told` is called after each step."""
        self._inbox = inbox
        self._limits = limits(settings)
        self._told = told
        self._clock = clock
        self._said: dict[str, float] = {}

    def change(self, settings: RetentionSettings) -> None:
        """Take up changed settings; from the next step on."""
        self._limits = limits(settings)

    async def run(self) -> None:
        """Delete until it is cancelled; a store that fails now is asked again later."""
        while True:
            try:
                pause = await self._step()
            except Exception as error:  # whatever it is: without this the store only grows
                self._say("failed", f"nothing can be deleted: {type(error).__name__}: {error}")
                pause = ROUND_SECONDS
            await asyncio.sleep(pause)

    async def _step(self) -> float:
        purged = await self._inbox.purge(self._limits, now=self._clock())
        self._told(purged, self._limits)
        if purged.forced:
            self._say(
                "forced",
                "the store is above its hard limit: accepted events are deleted although they "
                "were not delivered, for `retention.force` says so",
            )
        self._warn(purged)
        if not purged.more:
            soft = self._limits.soft
            return ROUND_SECONDS if soft is None or purged.used < soft else PRESSED_SECONDS
        return max(SHORTEST_PAUSE, purged.held * (HASTE if purged.pressing else LEISURE))

    def _warn(self, purged: Purged) -> None:
        hard = self._limits.hard
        if hard is None or purged.more or purged.used < hard * 0.8:
            return
        self._say(
            "full" if purged.used >= hard else "filling",
            f"the store has {in_bytes(purged.used)} of {in_bytes(hard)} (retention.hard_limit) in "
            "use, and nothing in it may be deleted: "
            + ("new events are answered 503" if purged.used >= hard else "is a route behind?"),
        )

    def _say(self, what: str, text: str) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._said.get(what, 0.0):
            self._said[what] = now + AGAIN_SECONDS
            _log.warning("%s", text)
