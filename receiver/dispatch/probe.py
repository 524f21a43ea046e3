"""One sample event through a route's real sink, beside the inbox: what comes of it.

Must not know: who asks, how it is told, the inbox on disk.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import uuid_utils

from receiver import samples
from receiver.contract import Contract, EventType
from receiver.dispatch.dispatcher import Dispatcher
from receiver.dispatch.route import Catalogue, Route
from receiver.inbox import Entry, Failure, Head, Inbox
from receiver.inbox.memory import MemoryInbox
from receiver.locator import text

LOOK_SECONDS = 0.02
OPENING_SECONDS = 10.0
"""How long a sink may take to open, beyond the route's deadline."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What came of a sample event."""

    route: str
    type: str
    event_id: str
    delivered: bool
    seconds: float
    failure: Failure | None
    """None where it was delivered, or never came to an attempt."""
    why: str = ""
    """Why it never came to an attempt."""


async def probe(route: Route, catalogue: Catalogue, event: EventType) -> Probe:
    """Deliver a sample of an event type, on a loop that a sink may hold up.

    One attempt at once, whatever the route would do: no filling of batches, no order to keep.
    """
    alone = replace(route, start="beginning", batch=1, batch_wait=0.0, rate=None)
    entry = sample(catalogue.contract, event)
    inbox = MemoryInbox()
    dispatcher = Dispatcher(inbox, catalogue, [alone])
    await dispatcher.register()
    await inbox.append([entry])
    delivering = asyncio.create_task(dispatcher.run())
    began = time.monotonic()
    try:
        failure, why = await _outcome(dispatcher, inbox, entry, alone)
        took = time.monotonic() - began
    finally:
        await dispatcher.stop(1.0)
        await delivering
    delivered = failure is None and not why
    return Probe(route.name, event.name, entry.id, delivered, took, failure, why)


async def _outcome(
    dispatcher: Dispatcher, inbox: Inbox, entry: Entry, route: Route
) -> tuple[Failure | None, str]:
    """Why the first attempt failed, or why there was none; neither: it was delivered."""
    end = time.monotonic() + route.deadline + OPENING_SECONDS
    while True:
        status = dispatcher.statuses()[0]
        if attempts := await inbox.attempts(entry.id):
            return attempts[0].failure, ""
        if status.delivered:
            return None, ""
        closed = status.state == "starting" and status.last_error is not None
        if status.state == "broken" or closed or time.monotonic() > end:
            return None, status.last_error or "nothing came of it in time"
        [place] = await inbox.places()
        if not place.lag and not status.in_flight:
            return None, f"the route does not want {entry.type} of this node or user"
        await asyncio.sleep(LOOK_SECONDS)


def head(contract: Contract, event: EventType) -> Head:
    """What routes choose a sample of an event type by."""
    entry = sample(contract, event)
    return Head(1, entry.source, entry.type, entry.node, entry.user)


def sample(contract: Contract, event: EventType) -> Entry:
    """A sample of an event type as the inbox would keep it."""
    operation = samples.operation_for(contract, event)
    now, new_id = datetime.now(UTC), str(uuid_utils.uuid7())
    made = samples.sample(event, operation, now, new_id)
    place = made.place()

    def located(locator: Any) -> str | None:
        return text(locator.find(place)) if locator else None

    return Entry(
        id=new_id,
        source=event.source,
        type=event.name,
        key=located(operation.key),
        dedup_key=None,
        dedup_window=None,
        time=now,
        received_at=now,
        node=located(operation.node),
        user=located(operation.user),
        raw=json.dumps(made.body, ensure_ascii=False).encode(),
        operation=operation.id,
        secret="test",  # noqa: S106 (the name of who vouches for it)
    )
