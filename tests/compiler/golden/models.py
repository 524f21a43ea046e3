# GENERATED from acme.yaml by `receiver generate`; do not edit.
# ruff: noqa: RUF001, RUF002, RUF100  (the words and characters are the spec's own)
"""Payloads by event type. `extra` of each model holds what the spec does not declare."""

from __future__ import annotations

from typing import Any

from receiver.event import Payload


class DoorOpened(Payload, frozen=True, kw_only=True):
    """A door was opened

    Sent once for each opening, at the latest two seconds after it.
    """

    id: str
    """Acme's own id of the event, a UUID."""
    at: str
    """When it was opened, RFC 3339."""
    action: str
    """What happened. Known values: `opened`."""
    door: Door
    """The door that the event is about."""
    who: str | None = None
    """Who opened it, or `nobody`. Sent as `who`, `opened_by`, `opened-by`."""
    how: str | None = None
    """What it was opened with. Known values: `key`, `card`, `force`."""
    class_: str | None = None
    """Class of the door, as in EN 1627. Sent as `class`."""
    extra_: str | None = None
    """Free text of the installer. Sent as `extra`."""
    settings: Any = None
    """The door's settings, as JSON in a string. Decoded; a string that holds no JSON stays one."""
    history: list[DoorOpenedHistoryItem] | None = None
    """The last angles."""
    tags: dict[str, str] | None = None
    """Labels of the door by name."""


class Door(Payload, frozen=True, kw_only=True):
    """The door that the event is about."""

    serial: str
    """Serial number of the door, eight digits."""
    floor: int | None = None
    """Storey that the door is on, ground floor 0."""
    angle: float | None = None
    """How far it stands open, in degrees."""


class DoorOpenedHistoryItem(Payload, frozen=True, kw_only=True):
    """An element of `history`."""

    angle: float
    """Angle in degrees."""
    at: int | None = None
    """Seconds since 1970."""


class DoorClosed(Payload, frozen=True, kw_only=True):
    """A door was closed"""

    id: str
    """Acme's own id of the event, a UUID."""
    at: int
    """When it was closed, seconds since 1970."""
    action: str
    """What happened."""
    door_serial: str
    """Serial number of the door, eight digits. Sent as `door-serial`."""


MODELS: dict[tuple[str, str], type[Payload]] = {
    ("acme", "door.opened"): DoorOpened,
    ("acme", "door.closed"): DoorClosed,
}
"""The model of each event type, by source and type."""

SPELLINGS: dict[type[Payload], dict[str, str]] = {
    DoorOpened: {
        "who": "who",
        "opened_by": "who",
        "opened-by": "who",
        "class": "class_",
        "extra": "extra_",
    },
    DoorClosed: {
        "door-serial": "door_serial",
    },
}
"""Fields by the sender's names for them, the preferred one first; others have just their own."""

JSON_TEXTS: dict[type[Payload], frozenset[str]] = {
    DoorOpened: frozenset(
        {
            "settings",
        }
    ),
}
"""Fields that hold JSON in a string, which the decoder reads."""
