"""A Receiver transform that removes or hashes parts of events before a sink sees them.

Must not know: anything of Receiver but its public names.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any, Literal, Self

import msgspec
from pydantic import Field, SecretStr, field_validator, model_validator

from receiver import Event, Sink, hookimpl
from receiver_redact.paths import REMOVED, Path

__all__ = ["Redact"]
__version__ = "0.1.0"

SHORTEST_KEY = 16


class Redact(Sink):
    """Remove or hash parts of events before a sink sees them."""

    class Settings(Sink.Settings):
        """What goes, and what is told apart without being told."""

        remove: tuple[str, ...] = Field(
            default=(),
            description="Paths into the payload of what goes: `name`, `payload.*.name` (`*`: any "
            "one key or list item), `**.name` (at any depth); a dot in a key is `\\.`.",
        )
        hash: tuple[str, ...] = Field(
            default=(),
            description="Paths of what is replaced by its HMAC-SHA-256 with `key`, as "
            "`sha256:<hex>`: equal values stay equal.",
        )
        key: SecretStr | None = Field(
            default=None,
            description="The key of `hash`, 16 characters or more: whoever has it can try values.",
        )
        user: Literal["keep", "remove", "hash"] = Field(
            default="keep", description="What becomes of the event's own `user`."
        )

        @field_validator("remove", "hash")
        @classmethod
        def _paths(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
            for text in texts:
                Path(text)
            return texts

        @model_validator(mode="after")
        def _keyed(self) -> Self:
            if (self.hash or self.user == "hash") and self.key is None:
                raise ValueError("`hash` needs a `key`: without one, anybody can try values")
            if self.key is not None and len(self.key.get_secret_value()) < SHORTEST_KEY:
                raise ValueError(f"the `key` is shorter than {SHORTEST_KEY} characters")
            if not self.remove and not self.hash and self.user == "keep":
                raise ValueError("there is nothing to redact: set `remove`, `hash` or `user`")
            return self

    settings: Settings

    def __init__(self, settings: Any = None, *, route: str = "") -> None:
        super().__init__(settings, route=route)
        self._removed = [Path(text) for text in self.settings.remove]
        self._hashed = [Path(text) for text in self.settings.hash]
        key = self.settings.key
        self._key = b"" if key is None else key.get_secret_value().encode()

    @hookimpl
    def transform(self, event: Event[Any]) -> Event[Any]:
        """The event without what goes. Raises ValueError for a payload that is no JSON."""
        payload = json.loads(event.raw)
        found = [path.change(payload, lambda _value: REMOVED) for path in self._removed]
        found += [path.change(payload, self._digest) for path in self._hashed]
        if any(found):
            event = event.carrying(payload)
        if event.user is not None and self.settings.user != "keep":
            user = self._digest(event.user) if self.settings.user == "hash" else None
            event = msgspec.structs.replace(event, user=user)
        return event

    def _digest(self, value: Any) -> str:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        said = text.encode("utf-8", "surrogatepass")
        return f"sha256:{hmac.new(self._key, said, hashlib.sha256).hexdigest()}"
