"""Rows as the port's words, and back.

Must not know: where rows come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from receiver.inbox import Attempt, DeadLetter, Entry, Failure, Standing, Stored
from receiver.inbox.rules import keepable
from receiver.turns import Exceptional

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STRINGS = msgspec.json.Decoder(tuple[str, ...])


def micros(moment: datetime) -> int:
    """Microseconds since 1970, exactly. Raises TypeError for a time without a zone.

    Where UTC has no such time (the last hours of 9999, west of it), the nearest that it has.
    """
    passed = moment - EPOCH  # to divide it by a microsecond takes twice the time
    since = (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds
    return since if moment.tzinfo is UTC else min(max(since, _FIRST), _LAST)


_MICROSECOND = timedelta(microseconds=1)
_FIRST = (datetime.min.replace(tzinfo=UTC) - EPOCH) // _MICROSECOND
_LAST = (datetime.max.replace(tzinfo=UTC) - EPOCH) // _MICROSECOND


def moment(micros: int) -> datetime:
    """The time, in UTC, that many microseconds after 1970."""
    return EPOCH + timedelta(microseconds=micros)


def quarantined_row(
    entry: Entry, received_at: int, dedup_key: bytes | None, problems: str
) -> tuple[Any, ...]:
    """What `insert_quarantined` takes."""
    return (
        entry.id,
        entry.source,
        entry.type,
        entry.key,
        micros(entry.time),
        received_at,
        entry.node,
        entry.user,
        entry.operation,
        entry.secret,
        entry.trace,
        dedup_key,
        problems,
        entry.raw,
    )


def quarantined(row: Sequence[Any]) -> Stored:
    """A row of `quarantined_at`."""
    return Stored(
        seq=None,
        id=row[1],
        source=row[2],
        type=row[3],
        key=row[4],
        time=moment(row[5]),
        received_at=moment(row[6]),
        node=row[7],
        user=row[8],
        raw=row[9],
        operation=row[10],
        secret=row[11],
        problems=_STRINGS.decode(row[12]),
        trace=row[13],
        place=row[0],
    )


def dead_letter(row: Sequence[Any], event: Stored) -> DeadLetter:
    """A row of `dead_letters`, and its event."""
    return DeadLetter(
        route=row[1],
        attempts=row[2],
        buried_at=moment(row[3]),
        failure=_failure(row[4:]),
        event=event,
    )


def attempt(row: Sequence[Any]) -> Attempt:
    """A row of `attempts`."""
    route, seq, number, next_at = row[:4]
    return Attempt(route, seq, number, _failure(row[4:]), _maybe(next_at))


def standing(row: Sequence[Any]) -> Standing:
    """A row of `standings`."""
    route, state, due = row
    return Standing(route, state, _maybe(due) if state == "waiting" else None)


def failed(failure: Failure) -> tuple[Any, ...]:
    """A failure's columns, as `insert_dead` and `insert_attempt` take them.

    Raises UnkeepableError: what is remembered to be written must be something that can be.
    """
    kept = keepable(failure)
    return micros(kept.at), kept.kind, kept.error, kept.message, kept.traceback


def wordless(dead: tuple[Any, ...]) -> tuple[Any, ...]:
    """The columns of `insert_dead` without what the sink said."""
    return (*dead[:5], "error", "", "what was said of it cannot be kept", "")


def _failure(row: Sequence[Any]) -> Failure:
    return Failure(moment(row[0]), row[1], row[2], row[3], row[4])


def exceptional(row: Sequence[Any]) -> Exceptional:
    """A row of `exceptions`."""
    return Exceptional(row[0], row[1], row[2], _maybe(row[3]), _maybe(row[4]))


def exception_row(route: str, kept: Exceptional) -> tuple[Any, ...]:
    """What `keep_exception` takes."""
    due = None if kept.due is None else micros(kept.due)
    first = None if kept.first_failed_at is None else micros(kept.first_failed_at)
    return route, kept.seq, kept.lane, kept.failures, due, first


def _maybe(micros: int | None) -> datetime | None:
    return None if micros is None else moment(micros)
