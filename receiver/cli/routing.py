"""How each route is doing, of all that know something of it: store, configuration, backstage.

Must not know: how it is shown.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from receiver import bulletin

if TYPE_CHECKING:
    from receiver.inbox import Inbox
    from receiver.settings import Configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One route; None where nobody can say."""

    route: str
    sink: str | None
    state: str
    """Of the process that delivers: `running`, `starting`, `stuck`, `broken`; `not delivering`:
    there is no such process; `unknown to the store`: it has never run; `removed`: it is configured
    no more."""
    flow: str
    breaker: str | None
    breaker_until: datetime | None
    position: int | None
    lag: int | None
    rate: float | None
    """Events delivered in a second, lately."""
    in_flight: int | None
    waiting: int | None
    held: int | None
    dead: int | None
    overdue: int | None
    last_error: str | None
    last_error_at: str | None

    def words(self) -> str:
        """Its state in a few words."""
        parts = [self.state]
        if self.flow != "running":
            parts.append(self.flow)
        if self.breaker not in (None, "closed"):
            parts.append(f"breaker {self.breaker}")
        return ", ".join(parts)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


async def rows(inbox: Inbox, found: Configuration) -> list[Row]:
    """Every route that the store or the configuration knows, by name."""
    places = {place.route: place for place in await inbox.places()}
    flows = {flow.route: flow for flow in await inbox.flows()}
    told = bulletin.read(found.store_path.parent, datetime.now(UTC))
    made = []
    for name in sorted({*places, *found.settings.routes}):
        place, flow = places.get(name), flows.get(name)
        live: dict[str, Any] = told.routes.get(name, {}) if told else {}
        given = found.settings.routes.get(name)
        made.append(
            Row(
                route=name,
                sink=live.get("plugin") or (given.sink if given else None),
                state=_state(live, place is not None, flow is not None and flow.removed_at),
                flow=flow.flow if flow else "running",
                breaker=live.get("breaker"),
                breaker_until=live.get("breaker_until"),
                position=place.position if place else None,
                lag=place.lag if place else None,
                rate=live.get("rate"),
                in_flight=live.get("in_flight"),
                waiting=place.waiting if place else None,
                held=place.held if place else None,
                dead=place.dead if place else None,
                overdue=live.get("overdue"),
                last_error=live.get("last_error"),
                last_error_at=live.get("last_error_at"),
            )
        )
    return made


def _state(live: dict[str, Any], known: bool, removed: Any) -> str:
    if live:
        return str(live["state"])
    if removed:
        return "removed"
    return "not delivering" if known else "unknown to the store"
