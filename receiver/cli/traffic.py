"""The requests of a simulated platform, made in the way by which it sends.

Must not know: when they are sent, what is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

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

Sign = Callable[[bytes, datetime, str], dict[str, str]]


class Way(Protocol):
    """How one source sends: to which operations, and what is around an event."""

    name: str

    def operation(self, event: EventType) -> Operation | None:
        """What takes an event type; None where nothing does. ConfigError without a key for it."""

    def request(self, made: Sample, operation: Operation, body: bytes) -> Request:
        """What carries and proves a body."""

    def forged(self, proved: Request, made: Sample) -> Request:
        """The same with a proof that is not of its body."""

    def wanting(self, here: bool) -> Sequence[str]:
        """What a receiver that refuses all of it has to be told, in lines."""


def chosen(
    way: Way, contract: Contract, source: str, types: list[str] | None
) -> list[tuple[EventType, Operation]]:
    """The event types that are sent, and where to. Raises ReceiverError where there is none."""
    from receiver.patterns import Patterns

    wanted = Patterns(tuple(types or ("*",)))
    found = []
    for event in contract.events:
        if event.source == source and wanted.match(event.name):
            operation = way.operation(event)
            if operation is not None:
                found.append((event, operation))
    if not found:
        raise ReceiverError(f"no event type of {source} is sent over {way.name} and fits --type")
    return found


class Signed:
    """Events as bodies, signed as the spec says, with the keys that are here."""

    name = "HTTP"

    def __init__(self, found: Configuration, contract: Contract) -> None:
        self._found = found
        self._contract = contract
        self._signs: dict[str, Sign] = {}

    def operation(self, event: EventType) -> Operation | None:
        """The most particular one that takes an event type. Raises ConfigError without a key."""
        from receiver import samples

        try:
            operation = samples.operation_for(self._contract, event)
        except ReceiverError:
            return None
        if operation.id not in self._signs:
            self._signs[operation.id] = signing.signer(self._found, self._contract, operation)
        return operation

    def request(self, made: Sample, operation: Operation, body: bytes) -> Request:
        """A body with the headers that prove it."""
        import uuid_utils

        from receiver import samples

        proof = self._signs[operation.id](body, datetime.now(UTC), str(uuid_utils.uuid7()))
        headers = {"Content-Type": "application/json", **made.headers, **proof}
        return Request(samples.url_path(made, operation), headers, body)

    def forged(self, proved: Request, made: Sample) -> Request:
        """A request whose proof is not of its body, by anybody's secret."""
        own = {"Content-Type", *made.headers}
        headers = {
            name: value if name in own else value[:-2] + ("11" if value.endswith("00") else "00")
            for name, value in proved.headers.items()
        }
        return Request(proved.path, headers, proved.body)

    def wanting(self, here: bool) -> Sequence[str]:
        """Nothing that could be told: it has other secrets."""
        return ()


class Traffic:
    """Makes what is sent (receiver.simulation.sender.Make)."""

    def __init__(self, way: Way, events: Sequence[tuple[EventType, Operation]], nodes: int) -> None:
        self._way = way
        self._events = events
        self._nodes = nodes
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
            self._requests[number] = self._way.request(made, operation, body)
            while len(self._requests) > KEPT:
                del self._requests[next(iter(self._requests))]
        return self._requests[number]

    def batch(self, numbers: Sequence[int]) -> Request:
        """One request of several events."""
        from receiver import samples

        made = [self._sample(number) for number in numbers]
        body = samples.encoded([each.body for each, _ in made])
        return self._way.request(*made[0], body)

    def forgery(self) -> Request:
        """A request that proves nothing."""
        from receiver import samples

        made, operation = self._fresh(0)
        body = samples.payload(made, operation)
        return self._way.forged(self._way.request(made, operation, body), made)

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
