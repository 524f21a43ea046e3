"""The event that every hook gets: an envelope around the platform's own payload.

Must not know: where events come from, where they are kept, who delivers them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Generic, TypeVar

import msgspec


class Payload(msgspec.Struct, kw_only=True, frozen=True):
    """What the generated models of payloads have in common."""

    extra: dict[str, Any] = {}
    """Fields that the sender sent and the spec does not declare, by the sender's own names."""


P = TypeVar("P")


class Event(msgspec.Struct, Generic[P], frozen=True, kw_only=True, dict=True):
    """One thing that happened, as a platform told it.

    Immutable. `id` is the same in every attempt, replay and release, so a sink that must not do a
    thing twice keys on it.
    """

    seq: int
    """Position in the inbox; grows, never reused."""
    id: str
    """Receiver's own id, stable over retries, replays and release."""
    source: str
    """The platform that sent it, as the spec names it."""
    type: str
    """The platform's own name of the event type."""
    key: str | None = None
    """The sender's own id of the event, or None where the platform gives none."""
    time: datetime
    """When it happened, as the payload says, else when we took it (UTC)."""
    received_at: datetime
    """When Receiver took it (UTC)."""
    node: str | None = None
    """The device that the event is about, where the payload says."""
    user: str | None = None
    """The user that the event is about, where the payload says."""
    raw: bytes
    """The payload as sent, byte for byte (in a batch: the bytes of this one event)."""
    attempt: int = 1
    """1 for a route's first attempt, then 2, 3, …"""
    replay: bool = False
    """True when an operator asked for this delivery of an old event."""
    released: bool = False
    """True when an operator released the event from quarantine."""
    trace: str | None = None
    """The `traceparent` that it came with (W3C Trace Context), where traces are kept."""
    decoder: Callable[[bytes], P] = msgspec.json.decode
    """Makes `data` of `raw`: the decoder of the generated model of this type."""

    @cached_property
    def data(self) -> P:
        """The payload as the generated model of its type, decoded when first asked for.

        Raises PayloadError when the stored payload does not fit the model (the spec has changed).
        """
        return self.decoder(self.raw)

    def json(self) -> Any:
        """The payload as plain dicts, lists, strings and numbers, with the sender's own names."""
        return msgspec.json.decode(self.raw)

    def carrying(self, payload: Any) -> Event[P]:
        """This event with another payload, given as plain dicts, lists, strings and numbers.

        `raw` is written anew from it, so `data` and every form of body are of the new one.
        """
        text = json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return msgspec.structs.replace(self, raw=text.encode("utf-8", "surrogatepass"))

    def cloudevent(self) -> dict[str, Any]:
        """The event in the CloudEvents 1.0 JSON format (CloudEvents JSON Event Format, section 3).

        `source` is a relative URI, `/<source>`; `subject` is the node; `data` is the platform's own
        JSON; `sequence` is the inbox position as a string (the Sequence extension).
        """
        attributes: dict[str, Any] = {
            "specversion": "1.0",
            "id": self.id,
            "source": f"/{self.source}",
            "type": self.type,
            "time": rfc3339(self.time),
            "datacontenttype": "application/json",
            "sequence": str(self.seq),
            "receivedtime": rfc3339(self.received_at),
        }
        for name, value in (
            ("subject", self.node),
            ("senderid", self.key),
            ("userid", self.user),
        ):
            if value is not None:
                attributes[name] = value
        attributes["data"] = self.json()
        return attributes

    def __repr__(self) -> str:
        about = f" node={self.node!r}" if self.node else ""
        return f"<Event {self.seq} {self.source} {self.type}{about} id={self.id}>"


def rfc3339(moment: datetime) -> str:
    """`moment` in UTC as RFC 3339 with a trailing `Z`, fractions only where there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
