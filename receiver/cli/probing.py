"""One sample event through a route's real sink, beside the inbox: what comes of it.

Must not know: options, the inbox on disk.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from receiver.errors import ReceiverError

if TYPE_CHECKING:
    from receiver.catalogue import Catalogue
    from receiver.contract import EventType
    from receiver.dispatch import Dispatcher, Route
    from receiver.inbox import Entry, Failure, Inbox

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

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def said(self) -> str:
        """For a person."""
        from receiver.cli.dossier import wording

        if self.delivered:
            return f"delivered in {self.seconds * 1000:.0f} ms"
        if self.failure is not None:
            return f"failed after {self.seconds * 1000:.0f} ms: {wording(self.failure)}"
        return f"not tried: {self.why}"


def probe(route: Route, catalogue: Catalogue, type_name: str | None) -> Probe:
    """Deliver a sample of an event type, or of the first that the route wants.

    Raises ReceiverError where there is no such type, or the route wants none.
    """
    # One attempt at once, whatever the route would do: no filling of batches, no order to keep.
    from receiver import logs

    logs.configure()
    alone = replace(route, start="beginning", batch=1, batch_wait=0.0, rate=None)
    with redirect_stdout(sys.stderr):  # what the sink prints is for a person
        return asyncio.run(_probe(alone, catalogue, type_name))


async def _probe(route: Route, catalogue: Catalogue, type_name: str | None) -> Probe:
    from receiver.dispatch import Dispatcher
    from receiver.inbox.memory import MemoryInbox

    event = _chosen(route, catalogue, type_name)
    entry = _sample(catalogue, event)
    inbox = MemoryInbox()
    dispatcher = Dispatcher(inbox, catalogue, [route])
    await dispatcher.register()
    await inbox.append([entry])
    delivering = asyncio.create_task(dispatcher.run())
    began = time.monotonic()
    try:
        failure, why = await _outcome(dispatcher, inbox, entry, route)
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
        if status.state == "broken" or time.monotonic() > end:
            return None, status.last_error or "nothing came of it in time"
        [place] = await inbox.places()
        if not place.lag and not status.in_flight:
            return None, f"the route does not want {entry.type} of this node or user"
        await asyncio.sleep(LOOK_SECONDS)


def _chosen(route: Route, catalogue: Catalogue, type_name: str | None) -> EventType:
    from receiver.cli.wanting import wants_of
    from receiver.inbox import Head

    if type_name is not None:
        found = [each for each in catalogue.contract.events if each.name == type_name]
        if not found:
            from receiver.settings import nearest

            names = sorted({each.name for each in catalogue.contract.events})
            advice = nearest(type_name, names, "see: receiver spec show")
            raise ReceiverError(f"{type_name!r} is no event type of the contract; {advice}")
        return found[0]
    wants = wants_of(route, catalogue)
    for each in catalogue.contract.events:
        if wants(Head(1, each.source, each.name, None, None)) or wants(_head(catalogue, each)):
            return each
    raise ReceiverError(f"route {route.name!r} wants no event type of the contract; name --type")


def _head(catalogue: Catalogue, event: EventType) -> Any:
    from receiver.inbox import Head

    entry = _sample(catalogue, event)
    return Head(1, entry.source, entry.type, entry.node, entry.user)


def _sample(catalogue: Catalogue, event: EventType) -> Entry:
    """A sample of an event type as the inbox would keep it."""
    import uuid_utils

    from receiver import samples
    from receiver.inbox import Entry
    from receiver.locator import text

    operation = samples.operation_for(catalogue.contract, event)
    now, new_id = datetime.now(UTC), str(uuid_utils.uuid7())
    sample = samples.sample(event, operation, now, new_id)
    place = sample.place()

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
        raw=json.dumps(sample.body, ensure_ascii=False).encode(),
        operation=operation.id,
        secret="test",  # noqa: S106 (the name of who vouches for it)
    )
