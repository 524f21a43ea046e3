"""Routes that are taken out of the configuration, as backstage looks after them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from receiver.backstage.removal import Removal, kept_for
from receiver.inbox import RouteStart
from receiver.inbox.memory import MemoryInbox
from receiver.settings import RetentionSettings

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


async def test_a_route_is_forgotten_once_it_was_away_for_so_long() -> None:
    inbox = MemoryInbox()
    await inbox.register([RouteStart(route="stays"), RouteStart(route="goes")])
    settings = RetentionSettings(routes=3600)
    live = ["stays"]

    async def names() -> list[str]:
        return live

    removal = Removal(inbox, names, lambda: settings)

    assert await removal.look(NOON) == []
    assert await removal.look(NOON + timedelta(minutes=59)) == []
    live.append("goes")  # it came back, and the time begins anew when it goes again
    assert await removal.look(NOON + timedelta(minutes=60)) == []
    live.remove("goes")
    assert await removal.look(NOON + timedelta(minutes=61)) == []
    assert await removal.look(NOON + timedelta(minutes=120)) == []
    assert await removal.look(NOON + timedelta(minutes=121)) == ["goes"]
    assert [place.route for place in await inbox.places()] == ["stays"]


def test_without_end_is_without_end() -> None:
    assert kept_for(RetentionSettings(routes=float("inf"))) is None
