"""What `receiver secrets list` tells of each key: where it is kept, and when it was of use last.

No value is among it. Must not know: how it is printed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from receiver.cli import opening, output

if TYPE_CHECKING:
    from receiver.keyring import SourceKeys
    from receiver.secretuse import Use
    from receiver.settings import Configuration

COLUMNS = ("source", "name", "kind", "kept in", "expires", "last used", "note")


@dataclass(frozen=True, slots=True)
class _Key:
    """One key of a source, without its value."""

    source: str
    name: str
    kind: str
    kept_in: str
    expires: datetime | None = None


def rows(
    found: Configuration, source: str, keys: SourceKeys | None, now: datetime
) -> list[dict[str, Any]]:
    """One for each key of a source, with what its events tell."""
    named = list(_keys(found, source, keys))
    used = _used(found, source, [key.name for key in named])
    return [_row(key, used, now) for key in named]


def _keys(found: Configuration, source: str, keys: SourceKeys | None) -> Iterator[_Key]:
    """The keys of a source; those of the configuration come first, as in the keyring."""
    from receiver import keptsecrets

    if keys is None:
        return
    kept = found.store_path.parent / keptsecrets.FILE
    given = found.settings.sources.get(source)

    def place(kind: str, index: int) -> str:
        there = index < len(getattr(given, kind)) if given is not None else False
        return found.origin(("sources", source, kind, index)) if there else str(kept)

    for index, secret in enumerate(keys.secrets):
        yield _Key(source, secret.name, "secret", place("secrets", index), secret.expires)
    for index, header in enumerate(keys.headers):
        yield _Key(source, header.name, f"header {header.header}", place("headers", index))
    for index, public in enumerate(keys.public_keys):
        yield _Key(source, public.name, "public key", place("public_keys", index))


def _used(found: Configuration, source: str, names: list[str]) -> Use | None:
    from receiver import secretuse

    if not names or not found.store_path.exists():
        return None
    return opening.with_inbox(found, lambda inbox: secretuse.use(inbox, source, names))


def _row(key: _Key, used: Use | None, now: datetime) -> dict[str, Any]:
    last = used.last.get(key.name) if used else None
    return {
        "source": key.source,
        "name": key.name,
        "kind": key.kind,
        "kept_in": key.kept_in,
        "expires": key.expires,
        "last_used": last,
        "events": used.counts.get(key.name, 0) if used else 0,
        "note": _note(key, used, last, now),
    }


def _note(key: _Key, used: Use | None, last: datetime | None, now: datetime) -> str:
    """What the events tell of a key, in words."""
    ended = "expired; " if key.expires is not None and key.expires <= now else ""
    if used is None or not used.events:
        return ended + "no event yet"
    if used.latest == key.name:
        return ended + "proved the last event"
    if last is not None:
        return f"{ended}unused since {output.moment(last)}"
    looked = output.count(used.events, "event")
    if used.all or used.back_to is None:
        return f"{ended}never used: none of {looked}"
    return f"{ended}unused since before {output.moment(used.back_to)}: none of the last {looked}"
