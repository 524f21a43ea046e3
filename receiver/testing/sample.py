"""An event as a hook gets it, made of the sample in the contract.

Must not know: requests, stores, processes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import uuid_utils

from receiver import samples
from receiver.catalogue import load
from receiver.errors import ReceiverError
from receiver.event import Event
from receiver.locator import Locator, text


def sample_event(
    type: str,
    changes: Mapping[str, Any] | None = None,
    *,
    source: str | None = None,
    contract: str = "receiver.generated",
    seq: int = 1,
    attempt: int = 1,
) -> Event[Any]:
    """A sample of an event type (its own name, or its hook's), with a fresh id, of now.

    `changes` maps paths of the payload to values: `{"data.applianceID": "77"}`. `contract` is the
    dotted name of a generated package. Raises ReceiverError when there is no such type, or several.
    """
    catalogue = load(contract)
    found = catalogue.contract.find(type, source)
    if len(found) != 1:
        choices = ", ".join(event.source for event in found) or "no source"
        raise ReceiverError(f"{type!r} is an event type of {choices}; name one with source=")
    event = found[0]
    operation = samples.operation_for(catalogue.contract, event)
    now = datetime.now(UTC)
    made = samples.sample(event, operation, now, str(uuid_utils.uuid7()))
    for path, value in (changes or {}).items():
        samples.change(made.body, path, value)
    place = made.place()

    def located(locator: Locator | None) -> str | None:
        return text(locator.find(place)) if locator else None

    return Event(
        seq=seq,
        id=str(uuid_utils.uuid7()),
        source=event.source,
        type=event.name,
        key=located(operation.key),
        time=(operation.time.find(place) if operation.time else None) or now,
        received_at=now,
        node=located(operation.node),
        user=located(operation.user),
        raw=samples.encoded(made.body),
        attempt=attempt,
        decoder=catalogue.decoder(event.source, event.name),
    )
