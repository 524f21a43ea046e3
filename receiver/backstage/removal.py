"""Routes that are not configured any more: kept as they stand for a time, then forgotten.

Must not know: how a route is run, what a store keeps of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime, timedelta

from receiver.inbox.steering import Steering
from receiver.settings import RetentionSettings

ROUND_SECONDS = 60.0

_log = logging.getLogger("receiver.backstage")


def kept_for(settings: RetentionSettings) -> timedelta | None:
    """For how long a removed route is kept; None: without end."""
    try:
        return timedelta(seconds=settings.routes)
    except OverflowError:  # longer than there is time
        return None


class Removal:
    """Tells the inbox which routes are live, now and then."""

    def __init__(
        self,
        inbox: Steering,
        live: Callable[[], Awaitable[Collection[str]]],
        settings: Callable[[], RetentionSettings],
    ) -> None:
        """`live` names every route that is configured or was made, whether it can be run or not."""
        self._inbox = inbox
        self._live = live
        self._settings = settings

    async def look(self, now: datetime | None = None) -> list[str]:
        """Have the inbox know which routes are live; those that it has forgotten by it."""
        keep = kept_for(self._settings())
        live = await self._live()
        gone = await self._inbox.retire(live, at=now or datetime.now(UTC), keep=keep)
        for route in gone:
            _log.warning(
                "the route %s was removed for longer than retention.routes says: forgotten, with"
                " its place, its exceptions and its dead letters",
                route,
            )
        return gone

    async def run(self) -> None:
        """Look until it is cancelled; a store that fails now is asked again later."""
        failing = False
        while True:
            try:
                await self.look()
            except Exception as error:  # whatever it is: the next round may do better
                if not failing:
                    _log.warning("removed routes cannot be looked after: %s", error)
                failing = True
            else:
                failing = False
            await asyncio.sleep(ROUND_SECONDS)
