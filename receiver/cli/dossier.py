"""Everything that is known about one event: what came, what proved it, what each route made of it.

Must not know: how the inbox keeps any of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from receiver.cli import output
from receiver.cli.explanation import explain
from receiver.errors import ReceiverError

if TYPE_CHECKING:
    from pathlib import Path

    from receiver.catalogue import Catalogue
    from receiver.inbox import Attempt, DeadLetter, Inbox, Stored
    from receiver.inbox.sqlite import SqliteInbox


SHORTEST_START = 8
"""Characters of an id from which on its start may stand for it."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """One event's facts."""

    event: Stored
    attempts: tuple[Attempt, ...]
    """Every failed attempt of every route, oldest first."""
    dead: tuple[DeadLetter, ...]
    routes: Mapping[str, str]
    """What each route has made of it so far, in words."""
    notes: tuple[str, ...]
    """What is worth knowing and no fault, such as values that the spec does not list."""

    def plain(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            **summary(self.event),
            "raw": self.event.raw,
            "routes": dict(self.routes),
            "attempts": [asdict(attempt) for attempt in self.attempts],
            "dead_letters": [
                {
                    "route": letter.route,
                    "attempts": letter.attempts,
                    "buried_at": letter.buried_at,
                    "failure": asdict(letter.failure),
                }
                for letter in self.dead
            ],
            "notes": list(self.notes),
        }


async def collect(inbox: SqliteInbox, wanted: str, catalogue: Catalogue, folder: Path) -> Dossier:
    """The dossier of the event with this id or position; ReceiverError when there is none.

    The start of an id is enough where it is that of one event only.
    """
    event = await find(inbox, wanted)
    attempts = tuple(await inbox.attempts(event.id))
    letters: list[DeadLetter] = []
    explained = await explain(inbox, event, catalogue, folder)
    if event.seq is not None:
        # A page never parts the letters of one position.
        near = await inbox.dead_letters(after=event.seq - 1, limit=1)
        letters = [letter for letter in near if letter.event.id == event.id]
    routes = {each.route: each.made for each in explained}
    return Dossier(event, attempts, tuple(letters), routes, tuple(_notes(event, catalogue)))


async def find(inbox: Inbox, wanted: str) -> Stored:
    """The event with this id, start of an id, or position; ReceiverError when there is none."""
    from receiver.inbox import Query

    queries = [Query(ids=(wanted,)), Query(ids=(wanted,), state="quarantined")]
    if wanted.isdecimal():
        queries = [Query(after=int(wanted) - 1, limit=1)]
    for query in queries:
        for event in await inbox.read(query):
            if wanted in (event.id, str(event.seq)):
                return event
    if len(wanted) >= SHORTEST_START:
        begun = (
            Query(begins=wanted, limit=2),
            Query(begins=wanted, limit=2, state="quarantined"),
        )
        found = [event for query in begun for event in await inbox.read(query)]
        if len(found) == 1:
            return found[0]
        if found:
            raise ReceiverError(
                f"the ids of several events begin with {wanted!r}; write more of it"
            )
    raise ReceiverError(f"there is no event {wanted!r}; receiver events list shows those there are")


def _notes(event: Stored, catalogue: Catalogue) -> list[str]:
    known = catalogue.contract.event_types.get((event.source, event.type))
    if known is None:
        return [f"the contract has no event type {event.type!r} of {event.source}"]
    try:
        body = json.loads(event.raw)
    except (ValueError, RecursionError):
        return []
    return catalogue.unknown_values(known, body)


def print_dossier(dossier: Dossier) -> None:
    """The dossier as a person reads it."""
    event = dossier.event
    facts = {
        "id": event.id,
        "seq": event.seq,
        "state": "accepted" if event.seq is not None else "quarantined",
        "source": event.source,
        "type": event.type,
        "key": event.key,
        "node": event.node,
        "user": event.user,
        "time": event.time,
        "received": event.received_at,
        "operation": event.operation,
        "proved by": _proof(event.secret),
        "released": event.released,
    }
    for name, value in facts.items():
        output.line(f"{name:<10} {output.cell(value)}")
    _print_list("problems", event.problems)
    _print_list("notes", dossier.notes)
    _print_list("routes", [f"{route}: {made}" for route, made in dossier.routes.items()])
    _print_list("attempts", [_attempt(attempt) for attempt in dossier.attempts])
    _print_list("dead letters", [_letter(letter) for letter in dossier.dead])
    output.line("payload")
    output.line(payload(event.raw))


def _print_list(title: str, entries: tuple[str, ...] | list[str]) -> None:
    if entries:
        output.line(title)
    for entry in entries:
        output.line(f"  {output.printable(entry)}")


def _attempt(attempt: Attempt) -> str:
    what = wording(attempt.failure)
    then = f"again from {output.moment(attempt.next_at)}" if attempt.next_at else "given up"
    at = output.moment(attempt.failure.at)
    return f"{at}  {attempt.route}  attempt {attempt.number}  {what}; {then}"


def _letter(letter: DeadLetter) -> str:
    at = output.moment(letter.buried_at)
    return f"{at}  {letter.route}  after {letter.attempts} attempts  {wording(letter.failure)}"


def wording(failure: Any) -> str:
    """A failure in one line: kind, exception, message; `reject: Reject` is said once."""
    error = failure.error if str(failure.error).lower() != failure.kind else None
    return ": ".join(part for part in (failure.kind, error, failure.message) if part)


def payload(raw: bytes) -> str:
    """The payload, indented where it is JSON; else its bytes as text."""
    try:
        text = json.dumps(json.loads(raw), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = raw.decode("utf-8", "backslashreplace")
    return output.printable(text, keep="\n")


def summary(event: Stored) -> dict[str, Any]:
    """An event's envelope and payload as plain values."""
    import msgspec

    try:
        data = msgspec.json.decode(event.raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        data = None
    return {
        "seq": event.seq,
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "key": event.key,
        "time": event.time,
        "received_at": event.received_at,
        "node": event.node,
        "user": event.user,
        "operation": event.operation,
        "secret": event.secret,
        "released": event.released,
        "problems": list(event.problems),
        "data": data,
        **({"raw": event.raw} if data is None else {}),
    }


def _proof(secret: str) -> str:
    """What an event's `secret` says: the name of one, or of the pull that brought it."""
    from receiver.transports import PROOF

    if secret.startswith(PROOF):
        return f"access to where it was pulled from ({secret})"
    return f"secret {secret}"
