"""Events as a hook gets them, made of the samples in the contract.

Must not know: requests, stores, processes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import uuid_utils

from receiver import samples
from receiver.catalogue import Catalogue, load
from receiver.contract import EventType
from receiver.errors import ReceiverError
from receiver.event import Event
from receiver.locator import Locator, text

catalogue_of = cache(load)
"""The catalogue of a generated package, by its dotted name; read once."""


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
    catalogue = catalogue_of(contract)
    found = catalogue.contract.find(type, source)
    if len(found) != 1:
        choices = ", ".join(event.source for event in found) or "no source"
        raise ReceiverError(f"{type!r} is an event type of {choices}; name one with source=")
    return made(catalogue, found[0], changes or {}, seq=seq, attempt=attempt)


def every_event(contract: str = "receiver.generated") -> list[Event[Any]]:
    """A sample of every event type of a contract, in its order; `seq` counts them from 1."""
    catalogue = catalogue_of(contract)
    return [
        made(catalogue, event, {}, seq=number)
        for number, event in enumerate(catalogue.contract.events, 1)
    ]


def made(
    catalogue: Catalogue,
    event: EventType,
    changes: Mapping[str, Any],
    *,
    seq: int = 1,
    attempt: int = 1,
) -> Event[Any]:
    """A sample of one event type of a loaded contract."""
    operation = samples.operation_for(catalogue.contract, event)
    now = datetime.now(UTC)
    sample = samples.sample(event, operation, now, str(uuid_utils.uuid7()))
    for path, value in changes.items():
        samples.change(sample.body, path, value)
    place = sample.place()

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
        raw=samples.encoded(sample.body),
        attempt=attempt,
        decoder=catalogue.decoder(event.source, event.name),
    )
