"""A sample event as its platform would send it: fresh id, time of now, the headers it needs.

What is to be found by a locator is put where the locator looks. Pure: the time and the id are
arguments. Must not know: signatures, HTTP clients, who wants a sample.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from receiver.contract import Contract, EventType, Operation
from receiver.errors import ReceiverError
from receiver.locator import (
    Constant,
    Envelope,
    Except,
    FirstOf,
    Header,
    Joined,
    Locator,
    Moment,
    PathParameter,
    Place,
    Pointer,
    parse_time,
    text,
)

_MILLISECONDS_FROM = 1e11
_PARAMETER = re.compile(r"\{([^{}]+)\}")


@dataclass(slots=True)
class Sample:
    """One request before it is signed."""

    body: Any
    """One event; `payload` wraps it where the operation takes arrays."""
    headers: dict[str, str] = field(default_factory=dict)
    path: dict[str, str] = field(default_factory=dict)
    """Values of the path template's parameters."""

    def place(self) -> Place:
        """Where locators look."""
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in self.headers.items()
        ]
        return Place(self.body, headers, self.path)


def operation_for(contract: Contract, event: EventType) -> Operation:
    """The HTTP operation that takes an event type, the most particular one.

    Raises ReceiverError when there is none.
    """
    takers = [
        operation
        for operation in contract.operations
        if operation.source == event.source
        and operation.transport == "http"
        and event.name in operation.events
    ]
    if not takers:
        raise ReceiverError(f"no HTTP path of the contract takes {event.name} of {event.source}")
    return min(takers, key=lambda operation: len(operation.events))


def sample(
    event: EventType, operation: Operation, now: datetime, fresh: str, node: str | None = None
) -> Sample:
    """A sample of `event` that happened at `now`; `fresh` is a new id, used where there is one.

    `node` is the device that it is about, else the sample's own.
    """
    made = Sample(copy.deepcopy(event.sample))
    for name in _PARAMETER.findall(operation.path):
        made.path[name] = "sample"
    _satisfy(made, operation.type, event.name)
    if operation.key is not None:
        _satisfy(made, operation.key, fresh, like_found=True)
    if operation.time is not None:
        _set_time(made, operation.time, now)
    if operation.node is not None and node is not None:
        _satisfy(made, operation.node, node, like_found=True)
    return made


def payload(made: Sample, operation: Operation) -> bytes:
    """The bytes of the request's body."""
    return encoded([made.body] if operation.batch else made.body)


def encoded(body: Any) -> bytes:
    """Compact JSON in UTF-8, as most senders write it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def url_path(made: Sample, operation: Operation) -> str:
    """The operation's path with its parameters filled in."""
    return _PARAMETER.sub(lambda match: made.path[match[1]], operation.path)


def change(body: Any, path: str, value: Any) -> None:
    """Set one value of a payload: `data.applianceID`, `Nodes.0`, or a JSON pointer `/data/x.y`.

    A key that is there and has dots in it is found as it is. Raises ReceiverError when there is
    nothing at `path` to set a value in.
    """
    parts = _pointer(path) if path.startswith("/") else _dotted(body, path)
    node = body
    for part in parts[:-1]:
        node = _step(node, part, path)
    last = parts[-1]
    if isinstance(node, dict):
        node[last] = value
    elif isinstance(node, list) and last.isdecimal() and int(last) <= len(node):
        node[int(last) : int(last) + 1] = [value]
    else:
        raise ReceiverError(f"--set {path}: there is no object or list to hold {last!r}")


def assignment(argument: str) -> tuple[str, Any]:
    """`path=value` as the path and the value: JSON where it is JSON, else the text itself."""
    path, equals, given = argument.partition("=")
    if not path or not equals:
        raise ReceiverError(f"--set {argument}: write it as PATH=VALUE, such as --set data.x=5")
    try:
        return path, json.loads(given)
    except ValueError:
        return path, given


def _satisfy(made: Sample, locator: Locator, value: str, like_found: bool = False) -> None:
    """Make `locator` find `value` in a sample; what finds it already is left alone."""
    if text(locator.find(made.place())) == value:
        return
    match locator:
        case Header(name):
            made.headers[name] = value
        case PathParameter(name):
            made.path[name] = value
        case Pointer():
            _write(made.body, locator, value, like_found)
        case Except(inner):
            _satisfy(made, inner, value, like_found)
        case FirstOf(choices):
            _satisfy(made, _likely(made, choices), value, like_found)
        case Joined(parts, separator):
            _satisfy_parts(made, parts, separator, value)
        case Constant() | Envelope():
            return


def _satisfy_parts(made: Sample, parts: tuple[Locator, ...], separator: str, value: str) -> None:
    """Split `value` over the parts of a join: what the body has stays, the rest makes room."""
    pieces: list[str | None] = [
        text(part.find(made.place())) if isinstance(part, Pointer | Constant) else None
        for part in parts
    ]
    pattern = re.escape(separator).join(
        "(.*)" if piece is None else re.escape(piece) for piece in pieces
    )
    match = re.fullmatch(pattern, value, re.DOTALL)
    if match is None:
        return  # the sample's own parts make another value: it says what it is
    found = iter(match.groups())
    for part, piece in zip(parts, pieces, strict=True):
        if piece is None:
            _satisfy(made, part, next(found))


def _likely(made: Sample, choices: tuple[Locator, ...]) -> Locator:
    """Of several places the one that the sample uses, though it may hold a placeholder there."""
    for choice in choices:
        bare = choice.locator if isinstance(choice, Except) else choice
        if bare.find(made.place()) is not None:
            return bare
    # What a transport says is not for a sample to say.
    return next((one for one in choices if not isinstance(one, Envelope)), choices[0])


def _set_time(made: Sample, moment: Moment, now: datetime) -> None:
    locator = moment.locator
    if isinstance(locator, FirstOf):
        locator = _likely(made, locator.choices)
    if isinstance(locator, Except):
        locator = locator.locator
    before = locator.find(made.place())
    form = next((f for f in moment.formats if parse_time(before, f)), moment.formats[0])
    written = _time(now, form, before)
    if isinstance(locator, Pointer):
        _write(made.body, locator, written, False)
    else:
        _satisfy(made, locator, str(written))


def _time(now: datetime, form: str, before: Any) -> Any:
    """`now` in a format of the spec, as exact as the sample's own value."""
    if form == "rfc3339":
        return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if not form.startswith("epoch"):
        return now.strftime(form)
    large = isinstance(before, int | float) and abs(before) >= _MILLISECONDS_FROM
    in_ms = form == "epoch-ms" or (form == "epoch" and large)
    number = now.timestamp() * (1000 if in_ms else 1)
    exact = isinstance(before, float)
    return round(number, 6) if exact else int(number)


def _write(body: Any, pointer: Pointer, value: Any, like_found: bool) -> None:
    """Put `value` at a pointer; into nothing where a part on the way there is missing."""
    node = body
    for part in pointer.parts[:-1]:
        try:
            node = _step(node, part, "")
        except ReceiverError:
            return
    last = pointer.parts[-1]
    if isinstance(node, dict):
        before = node.get(last)
        number = like_found and isinstance(before, int) and not isinstance(before, bool)
        node[last] = _number(value) if number else value
    elif isinstance(node, list) and last.isdecimal() and int(last) < len(node):
        node[int(last)] = value


def _number(fresh: str) -> int:
    """A number of at most 53 bits out of an id, for senders whose ids are numbers."""
    digits = re.sub(r"[^0-9a-f]", "", fresh.lower())
    return int(digits[-13:] or "1", 16)


def _step(node: Any, part: str, path: str) -> Any:
    if isinstance(node, dict):
        return node.setdefault(part, {})
    if isinstance(node, list) and part.isdecimal() and int(part) < len(node):
        return node[int(part)]
    raise ReceiverError(f"--set {path}: there is no {part!r} in the sample")


def _pointer(path: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]


def _dotted(node: Any, path: str) -> list[str]:
    if isinstance(node, Mapping) and path in node:
        return [path]
    head, dot, rest = path.partition(".")
    if not dot:
        return [head]
    inner: Any = None
    if isinstance(node, Mapping):
        inner = node.get(head)
    elif isinstance(node, list) and head.isdecimal() and int(head) < len(node):
        inner = node[int(head)]
    return [head, *_dotted(inner, rest)]
