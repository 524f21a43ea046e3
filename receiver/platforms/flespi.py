"""flespi's gateway API, as far as HTTP streams go.

Format: SKILL.md of flespi-software/skills ("CRUD Operations", "Gateway API Surface"): POST takes an
array, GET and DELETE a selector, and `POST /gw/streams/ID/channels/ID` subscribes a stream. Which
keys `configuration` has is the platform's to say: it answers 400 with a `schema_hint`.
Must not know: where secrets come from, who asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from receiver.platforms.api import Api, PlatformError, Told

BASE = "https://flespi.io"
FIELDS = "id,name,enabled,configuration"
BUFFER_SECONDS = 7 * 86_400
"""How long the platform keeps what could not be sent."""
MESSAGES = 1000
"""In one request."""


class Flespi:
    """The API, for one token."""

    def __init__(
        self, token: str, base: str = BASE, *, told: Told | None = None, dry: bool = False
    ) -> None:
        self._api = Api(base, {"authorization": f"FlespiToken {token}"}, told=told, dry=dry)
        self.dry = dry

    def close(self) -> None:
        """Let go of the connection."""
        self._api.close()

    def streams(self) -> list[dict[str, Any]]:
        """Every stream that the token may see."""
        return self._asked("GET", f"/gw/streams/all?fields={FIELDS}")

    def stream(self, number: int) -> dict[str, Any] | None:
        """One stream; None in a dry run. Raises PlatformError when there is none."""
        found = self._asked("GET", f"/gw/streams/{number}?fields={FIELDS}")
        if not found and not self.dry:
            raise PlatformError(f"there is no stream {number}")
        return found[0] if found else None

    def create(self, name: str, uri: str, headers: Mapping[str, str]) -> int | None:
        """Make a stream that posts arrays of messages to `uri`; its number, None in a dry run."""
        wanted = {
            "name": name,
            "queue_ttl": BUFFER_SECONDS,
            "configuration": {
                "type": "http",
                "uri": uri,
                "headers": [{"name": key, "value": value} for key, value in headers.items()],
                "limit_messages": MESSAGES,
            },
        }
        made = self._asked("POST", "/gw/streams", [wanted])
        if not made:
            return None
        number = made[0].get("id")
        if not isinstance(number, int):
            raise PlatformError("the stream was made, and the answer does not tell its number")
        return number

    def subscribe(self, stream: int | str, channel: int) -> None:
        """Have a stream get what a channel receives from now on."""
        self._asked("POST", f"/gw/streams/{stream}/channels/{channel}")

    def remove(self, stream: int) -> None:
        """Delete a stream, and what it has not sent yet."""
        self._asked("DELETE", f"/gw/streams/{stream}")

    def _asked(self, method: str, path: str, body: Any = None) -> list[dict[str, Any]]:
        """What an answer holds. Raises PlatformError for one that tells of errors."""
        answer = self._api.ask(method, path, body=body)
        if self.dry:
            return []
        if not isinstance(answer, dict) or not isinstance(answer.get("result", []), list):
            raise PlatformError("the answer is not what it should be")
        if answer.get("errors"):
            raise PlatformError(f"answered with errors: {str(answer['errors'])[:300]}")
        return [each for each in answer.get("result", []) if isinstance(each, dict)]
