"""What a person should know and may have to do, kept beside the inbox until it is done.

A few lines, each about one subject, written by any process and read by `receiver status`: the same
notice again only counts. Must not know: what they are about.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

FILE = "notices.json"
MOST = 50
"""Notices that are kept; of more, those go that were not said for longest."""

COUNT_AGAIN = timedelta(minutes=1)
"""A process writes the same notice no more often than this."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that somebody should know."""

    kind: str
    """What sort of thing it is, such as `sns-topic`."""
    subject: str
    """What it is about; one notice for each kind and subject is kept."""
    text: str
    """What happened, in one line."""
    advice: str
    """What to do about it, in one line."""
    first: datetime
    last: datetime
    count: int
    """How often it was written down."""

    @property
    def line(self) -> str:
        """All of it in one line."""
        return f"{self.text}; {self.advice}" if self.advice else self.text


def _now() -> datetime:
    return datetime.now(UTC)


class Notices:
    """The notices of one store's folder. Nothing is opened before something is noted."""

    def __init__(self, folder: Path, *, clock: Callable[[], datetime] = _now) -> None:
        self._folder = folder
        self._clock = clock
        self._said: dict[tuple[str, str], tuple[str, datetime]] = {}

    def note(self, kind: str, subject: str, text: str, advice: str = "") -> bool:
        """Write a notice down, or count it. False where this process has just done so.

        Raises OSError when the folder cannot be written.
        """
        now = self._clock()
        before = self._said.get((kind, subject))
        if before is not None and before[0] == text and now - before[1] < COUNT_AGAIN:
            return False
        with self._changing() as kept:
            known = kept.pop((kind, subject), None)
            fresh = Notice(kind, subject, text, advice, now, now, 1)
            if known is not None:
                fresh = replace(fresh, first=known.first, count=known.count + 1)
            kept[kind, subject] = fresh
        if len(self._said) >= MOST:
            self._said.clear()
        self._said[kind, subject] = text, now
        return True

    def settle(self, kind: str, subject: str) -> None:
        """Forget a notice: what it asked for is done. Raises OSError as `note` does."""
        self._said.pop((kind, subject), None)
        if any((one.kind, one.subject) == (kind, subject) for one in read(self._folder)):
            with self._changing() as kept:
                kept.pop((kind, subject), None)

    @contextmanager
    def _changing(self) -> Iterator[dict[tuple[str, str], Notice]]:
        """What is kept, to be changed; no other process changes it meanwhile."""
        path = self._folder / FILE
        handle = os.open(self._folder / f"{FILE}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            kept = {(one.kind, one.subject): one for one in read(self._folder)}
            yield kept
            newest = sorted(kept.values(), key=lambda one: one.last)[-MOST:]
            fresh = path.with_suffix(".new")
            fresh.write_text(json.dumps([_plain(one) for one in newest], indent=1))
            fresh.replace(path)
        finally:
            os.close(handle)


def read(folder: Path) -> list[Notice]:
    """What is kept in a store's folder, the oldest first; nothing where the file is damaged."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return [_notice(entry) for entry in found]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def _plain(notice: Notice) -> dict[str, Any]:
    plain = asdict(notice)
    return {**plain, "first": notice.first.isoformat(), "last": notice.last.isoformat()}


def _notice(entry: dict[str, Any]) -> Notice:
    first, last = (datetime.fromisoformat(entry[name]) for name in ("first", "last"))
    return Notice(**{**entry, "first": first, "last": last})
