"""Receiver sinks that send events to a URL: each by itself, or many in a list.

Must not know: anything of Receiver but its public names.
"""

from __future__ import annotations

import hashlib
from typing import Any

from receiver import Event, Reject, hookimpl
from receiver_http.binary import attributes
from receiver_http.sending import Sending
from receiver_http.settings import ListSettings, SingleSettings

__all__ = ["Http", "HttpList"]
__version__ = "0.1.0"


class Http(Sending):
    """Send each event to a URL: as a CloudEvent, as it came, or through a template."""

    class Settings(SingleSettings):
        """Where to, how, and signed with what."""

    settings: Settings

    @hookimpl
    async def on_event(self, event: Event[Any]) -> None:
        """Send one event and return when the target has answered 2xx."""
        if self.settings.mode == "binary":
            headers, body = attributes(event), event.raw
            headers["content-type"] = self.settings.content_type or "application/json"
        else:
            headers, body = {"content-type": self._body.content_type}, self._body.render(event)
        await self._deliver(event.id, body, headers)


class HttpList(Sending):
    """Send events to a URL, many in one request, as a JSON list."""

    class Settings(ListSettings):
        """Where to, how, and signed with what."""

    settings: Settings

    @hookimpl
    async def on_batch(self, events: list[Event[Any]]) -> list[bool | Exception | None]:
        """Send the events as one list and return when the target has answered 2xx.

        What the target refuses as a whole is sent again one by one, as lists of one.
        """
        bodies: list[bytes] = []
        outcomes: list[bool | Exception | None] = []
        for event in events:
            try:
                bodies.append(self._body.render(event).strip())
                outcomes.append(True)
            except Reject as error:
                outcomes.append(error)
        if bodies:
            told = "\n".join(e.id for e, done in zip(events, outcomes, strict=True) if done is True)
            message_id = hashlib.sha256(told.encode()).hexdigest()[:32]
            headers = {"content-type": self._body.content_type}
            await self._deliver(message_id, b"[" + b",".join(bodies) + b"]", headers)
        return outcomes
