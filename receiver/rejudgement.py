"""What a quarantined event is by the present spec, long after the request that brought it.

What stood in the request's headers or path is taken as it was found then; all else is looked for
and judged anew. Must not know: how an event is kept, or what becomes of it.
"""

from __future__ import annotations

from typing import Any

from receiver import strictjson
from receiver.catalogue import MAX_PROBLEMS, Catalogue
from receiver.contract import Operation
from receiver.errors import JsonError
from receiver.inbox import Stored
from receiver.inbox.readmission import Rejudged
from receiver.inbox.rules import is_conflict
from receiver.judgement import located
from receiver.locator import Locator, Place, of_body


class Rejudgement:
    """Judges quarantined events by one catalogue."""

    def __init__(self, catalogue: Catalogue, *, conflicts: bool = False) -> None:
        """`conflicts`: let also pass what came with the id of another event."""
        self._catalogue = catalogue
        self._conflicts = conflicts
        self._operations = {each.id: each for each in catalogue.contract.operations}

    def of(self, kept: Stored) -> Rejudged:
        """The event by the present spec, with everything that is still wrong with it."""
        operation = self._operation(kept)
        problems = [] if self._conflicts else [each for each in kept.problems if is_conflict(each)]
        if operation is None:
            problems.append(f"the contract has no operation of {kept.source} any more")
            return _as_it_was(kept, problems)
        value = _decoded(operation, kept.raw)
        place = Place(None if isinstance(value, JsonError) else value)
        found = _Finder(place, problems)
        type_ = found.text("type", operation.type, kept.type or None) or ""
        problems += self._wrong(operation, type_, value)
        time = operation.time.find(place) if operation.time and of_body(operation.time) else None
        return Rejudged(
            id=kept.id,
            type=type_,
            key=found.text("key", operation.key, kept.key),
            time=time or kept.time,
            node=found.text("node", operation.node, kept.node),
            user=found.text("user", operation.user, kept.user),
            problems=tuple(problems[:MAX_PROBLEMS]),
        )

    def _operation(self, kept: Stored) -> Operation | None:
        """The operation that took it, else another one of its source."""
        every = self._catalogue.contract.operations
        same = (each for each in every if each.source == kept.source)
        return self._operations.get(kept.operation) or next(same, None)

    def _wrong(self, operation: Operation, type_: str, value: Any | JsonError) -> list[str]:
        if isinstance(value, JsonError):
            return [str(value)]
        if operation.batch and isinstance(value, list):
            return ["it is a whole array of events, and is kept as one: have it sent again"]
        event = self._catalogue.contract.event_types.get((operation.source, type_))
        if event is not None:
            return self._catalogue.problems(event, value)
        if type_:
            return [f"{type_[:100]!r} is no event type of {operation.source}"]
        return ["it has no type"]


class _Finder:
    """Looks for what the spec says where; notes what is wrong with it."""

    def __init__(self, place: Place, problems: list[str]) -> None:
        self._place = place
        self._problems = problems

    def text(self, name: str, locator: Locator | None, then: str | None) -> str | None:
        """The value of now; that of `then` where the request said it and is gone."""
        if locator is not None and then is not None and not of_body(locator):
            return then
        return located(name, locator, self._place, self._problems)


def _as_it_was(kept: Stored, problems: list[str]) -> Rejudged:
    return Rejudged(
        id=kept.id,
        type=kept.type,
        key=kept.key,
        time=kept.time,
        node=kept.node,
        user=kept.user,
        problems=tuple(problems),
    )


def _decoded(operation: Operation, raw: bytes) -> Any | JsonError:
    limits = operation.limits
    return strictjson.value_of(raw, depth=limits.depth, keys=limits.keys)
