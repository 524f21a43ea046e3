"""The native dialect: what came in, what was quarantined, what a route has given up on.

Pages have a `cursor` to ask for the next one by. Must not know: how requests arrive.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from receiver.event import rfc3339
from receiver.inbox import Inbox, Query, State, Stored
from receiver.management.caller import Caller, missing, wrong
from receiver.patterns import literal

STATES: tuple[State, ...] = ("accepted", "quarantined")


class Arrivals:
    """The operations on events. A user sees only those of their own id."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def list_events(
        self, caller: Caller, limit: int = 100, cursor: int | None = None, **asked: Any
    ) -> dict[str, Any]:
        """What came in, newest first."""
        return await self._page(caller, "accepted", limit, cursor, asked)

    async def list_quarantine(
        self, caller: Caller, limit: int = 100, cursor: int | None = None, **asked: Any
    ) -> dict[str, Any]:
        """What came in and breaks the contract."""
        found = await self._inbox.read(
            Query(state="quarantined", after=cursor or 0, limit=limit, **_asked(caller, asked))
        )
        return {"events": [{**event(one), "problems": list(one.problems)} for one in found]}

    async def view_event(self, caller: Caller, id: str) -> dict[str, Any]:
        """One event, its payload included; for operators also what each route made of it."""
        for state in STATES:
            query = Query(state=state, ids=(id,), limit=1, **_asked(caller, {}))
            for one in await self._inbox.read(query):
                told = {**event(one), "problems": list(one.problems), "data": _payload(one.raw)}
                if caller.operator:
                    told["routes"] = await self._routes(one) if state == "accepted" else []
                return told
        raise missing("event", id)

    async def _routes(self, one: Stored) -> list[dict[str, str]]:
        """What each route has made of an accepted event."""
        standings = await self._inbox.standings(one.seq) if one.seq is not None else []
        return [{"route": each.route, "state": each.state} for each in standings]

    async def list_dead_letters(
        self, caller: Caller, limit: int = 100, cursor: int | None = None, route: str | None = None
    ) -> dict[str, Any]:
        """Events that a route has given up on."""
        found = await self._inbox.dead_letters(route=route, after=cursor, limit=limit)
        return {
            "dead_letters": [
                {
                    "route": letter.route,
                    "attempts": letter.attempts,
                    "buried_at": rfc3339(letter.buried_at),
                    "reason": letter.failure.message,
                    "event": event(letter.event),
                }
                for letter in found
            ],
            **({"cursor": found[-1].event.seq} if len(found) >= limit else {}),
        }

    async def _page(
        self, caller: Caller, state: Any, limit: int, cursor: int | None, asked: Mapping[str, Any]
    ) -> dict[str, Any]:
        query = Query(
            state=state, newest_first=True, before=cursor, limit=limit, **_asked(caller, asked)
        )
        found = await self._inbox.read(query)
        more = {"cursor": found[-1].seq} if len(found) >= limit and found[-1].seq else {}
        return {"events": [event(one) for one in found], **more}


def event(stored: Stored) -> dict[str, Any]:
    """An event without its payload."""
    return {
        "id": stored.id,
        "seq": stored.seq,
        "source": stored.source,
        "type": stored.type,
        "key": stored.key,
        "time": rfc3339(stored.time),
        "received_at": rfc3339(stored.received_at),
        "node": stored.node,
        "user": stored.user,
        "secret": stored.secret,
    }


def _asked(caller: Caller, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A query's conditions; a user is shown their own events only."""
    given: dict[str, Any] = {
        f"{name}s": (literal(value) if name in ("node", "user") else value,)
        for name in ("source", "type", "node", "user")
        if (value := asked.get(name)) is not None
    }
    for name in ("since", "until"):
        if asked.get(name):
            given[name] = _moment(name, asked[name])
    if not caller.operator:
        given["users"] = (literal(caller.user.id),)
    return given


def _moment(name: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):  # 0001-01-01T00:00+10:00 is before all time
        pass
    raise wrong(f"{name} is no time with a zone, such as 2026-01-15T08:30:00Z")


def _payload(raw: bytes) -> Any:
    """What JSON says of it; the text, where that is none that the answer could hold."""
    try:
        found = json.loads(raw, parse_constant=_no_json)
        json.dumps(found, allow_nan=False)  # what can be read may still be too deep to be written
    except (ValueError, RecursionError):
        return raw.decode("utf-8", "backslashreplace")
    return found


def _no_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
