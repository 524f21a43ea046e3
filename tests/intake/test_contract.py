"""Every event that the served contract knows comes in by every path that takes it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from receiver import catalogue, signature
from receiver.contract import EventType, Operation
from receiver.inbox import Query
from receiver.inbox.memory import MemoryInbox
from receiver.intake import Intake
from receiver.keyring import HeaderSecret, Keyring, Secret, SourceKeys
from receiver.receipt import Status
from receiver.replies import Outcome, Taken

CATALOGUE = catalogue.load()
CONTRACT = CATALOGUE.contract
LATER = datetime(2040, 1, 1, tzinfo=UTC)
"""No sample is as late as this."""
SECRET = Secret("main", b"hush")
DOOR = HeaderSecret("X-Key", "door", b"open sesame")
KEYS = SourceKeys(secrets=(SECRET,), headers=(DOOR,))
WAYS = [
    (operation, CONTRACT.event_types[operation.source, name])
    for operation in CONTRACT.operations
    if operation.transport == "http"  # what comes by SNS is proved with a certificate: tests/sns
    for name in operation.events
]


async def send(operation: Operation, event: EventType, inbox: MemoryInbox) -> Outcome:
    intake = Intake(
        CATALOGUE,
        Keyring(dict.fromkeys(CONTRACT.sources, KEYS)),
        inbox,
        clock=lambda: LATER,
    )
    body = json.dumps([event.sample] if operation.batch else event.sample).encode()
    scheme = CONTRACT.schemes[operation.security[0][0]]
    proof = signature.sign(scheme, DOOR if scheme.kind == "static" else SECRET, body, LATER, "m-1")
    headers = [(name.lower().encode(), value.encode()) for name, value in proof]
    return await intake.ingest(operation, headers, body)


@pytest.mark.parametrize(
    ("operation", "event"), WAYS, ids=lambda one: getattr(one, "id", "") or one.name
)
async def test_a_signed_sample_is_accepted_and_understood(
    operation: Operation, event: EventType
) -> None:
    inbox = MemoryInbox()

    outcome = await send(operation, event, inbox)

    assert isinstance(outcome, Taken)
    assert [(one.status, one.problems) for one in outcome.receipts] == [(Status.ACCEPTED, ())]
    [kept] = await inbox.read(Query())
    assert (kept.source, kept.type, kept.operation) == (event.source, event.name, operation.id)
    assert json.loads(kept.raw) == event.sample
    assert kept.time < kept.received_at == LATER
    assert CATALOGUE.decoder(kept.source, kept.type)(kept.raw)
