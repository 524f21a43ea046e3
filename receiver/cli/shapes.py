"""Quarantined events by the shape of what is wrong with them: where, what was seen, how often.

Must not know: how events are kept, or judged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from receiver.inbox import Stored

_POINTED = re.compile(r"(/\S*): (.*)", re.DOTALL)
_INDEX = re.compile(r"(?<=/)\d+(?=/|$)")
_EVENT_ID = re.compile(r"(?<=by event )\S+(?=,)")
_ANY = "*"


@dataclass(slots=True)
class Shape:
    """One kind of fault, and who has it."""

    source: str
    type: str
    field: str
    """A JSON pointer, `*` for any index; empty where it is about no field."""
    problem: str
    seen: str
    """What stands there, by its JSON type; empty where it is about no field."""
    count: int
    first: datetime
    last: datetime
    example: str
    """The id of the newest event that has it."""

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def shapes(events: Iterable[Stored], known: dict[Any, Shape]) -> None:
    """Count events, oldest first, into the shapes that are known; new ones are added."""
    for event in events:
        body = _body(event.raw)
        for field, problem, seen in dict.fromkeys(_faults(event.problems, body)):
            key = (event.source, event.type, field, problem, seen)
            shape = known.get(key)
            at = event.received_at
            if shape is None:
                known[key] = Shape(*key, 1, at, at, event.id)
            else:
                shape.count += 1
                shape.first, shape.last = min(shape.first, at), max(shape.last, at)
                shape.example = event.id


def _faults(problems: Iterable[str], body: Any) -> Iterator[tuple[str, str, str]]:
    """Field, problem, what was seen."""
    for problem in problems:
        pointed = _POINTED.fullmatch(problem)
        if pointed is None:
            yield "", _EVENT_ID.sub(_ANY, problem), ""
            continue
        missing = "is a required property" in pointed[2]
        seen = "nothing" if missing else _kind(_at(body, pointed[1]))
        yield _INDEX.sub(_ANY, pointed[1]), pointed[2], seen


def _at(body: Any, path: str) -> Any:
    """The value at a JSON pointer as problems write it; None where it cannot be followed."""
    for part in path.split("/")[1:] if path != "/" else []:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(body, dict):
            body = body.get(name)
        elif isinstance(body, list) and name.isdecimal() and int(name) < len(body):
            body = body[int(name)]
        else:
            return None
    return body


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    kinds = {str: "string", int: "integer", float: "number", list: "array", dict: "object"}
    return kinds[type(value)]


def _body(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None
