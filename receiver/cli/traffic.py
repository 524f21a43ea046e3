"""The requests of a simulated platform, made with the keys that are here.

Must not know: when they are sent, what is answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from receiver.cli import signing
from receiver.cli.signing import Request
from receiver.errors import ReceiverError

if TYPE_CHECKING:
    from receiver.contract import Contract, EventType, Operation
    from receiver.samples import Sample
    from receiver.settings import Configuration

FIRST_NODE = 1_000_000
KEPT = 50_000
"""Requests that are remembered, for those that are sent again."""


def chosen(contract: Contract, source: str, types: list[str] | None) -> list[EventType]:
    """The event types that are sent. Raises ReceiverError where there is none."""
    from receiver import samples
    from receiver.patterns import Patterns

    wanted = Patterns(tuple(types or ("*",)))
    found = []
    for event in contract.events:
        if event.source == source and wanted.match(event.name):
            try:
                samples.operation_for(contract, event)
            except ReceiverError:
                continue
            found.append(event)
    if not found:
        raise ReceiverError(f"no event type of {source} is sent over HTTP and fits --type")
    return found


class Traffic:
    """Makes what is sent (receiver.simulation.sender.Make)."""

    def __init__(
        self, found: Configuration, contract: Contract, events: Sequence[EventType], nodes: int
    ) -> None:
        from receiver import samples

        self._events = [(event, samples.operation_for(contract, event)) for event in events]
        self._nodes = nodes
        operations = {operation.id: operation for _, operation in self._events}
        self._sign = {
            name: signing.signer(found, contract, operation)
            for name, operation in operations.items()
        }
        self._made: dict[int, tuple[Sample, Operation]] = {}
        self._requests: dict[int, Request] = {}

    @property
    def batch_of(self) -> Operation | None:
        """The operation that takes arrays, if that is the one they are sent to."""
        operation = self._events[0][1]
        return operation if operation.batch else None

    def event(self, number: int) -> Request:
        """The request of an event; the same bytes each time."""
        from receiver import samples

        if number not in self._requests:
            made, operation = self._sample(number)
            body = samples.payload(made, operation)
            self._requests[number] = self._signed(made, operation, body)
            while len(self._requests) > KEPT:
                del self._requests[next(iter(self._requests))]
        return self._requests[number]

    def batch(self, numbers: Sequence[int]) -> Request:
        """One request of several events."""
        from receiver import samples

        made = [self._sample(number) for number in numbers]
        body = samples.encoded([each.body for each, _ in made])
        return self._signed(*made[0], body)

    def forgery(self) -> Request:
        """A request whose proof is not of its body, by anybody's secret."""
        from receiver import samples

        made, operation = self._fresh(0)
        body = samples.payload(made, operation)
        proved = self._signed(made, operation, body)
        own = {"Content-Type", *made.headers}
        headers = {
            name: value if name in own else value[:-2] + ("11" if value.endswith("00") else "00")
            for name, value in proved.headers.items()
        }
        return Request(proved.path, headers, body)

    def _sample(self, number: int) -> tuple[Sample, Operation]:
        if number not in self._made:
            self._made[number] = self._fresh(number)
            while len(self._made) > KEPT:
                del self._made[next(iter(self._made))]
        return self._made[number]

    def _fresh(self, number: int) -> tuple[Sample, Operation]:
        import uuid_utils

        from receiver import samples

        event, operation = self._events[number % len(self._events)]
        node = str(FIRST_NODE + number % self._nodes)  # some have numbers for names
        now = datetime.now(UTC)
        return samples.sample(event, operation, now, str(uuid_utils.uuid7()), node), operation

    def _signed(self, made: Sample, operation: Operation, body: bytes) -> Request:
        import uuid_utils

        from receiver import samples

        proof = self._sign[operation.id](body, datetime.now(UTC), str(uuid_utils.uuid7()))
        headers = {"Content-Type": "application/json", **made.headers, **proof}
        return Request(samples.url_path(made, operation), headers, body)
