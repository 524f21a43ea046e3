"""`[retention]` of `receiver.toml`: what is deleted from the inbox, and when.

Must not know: how a store deletes.
"""

from __future__ import annotations

from math import isnan

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from receiver.settings.values import Age, Size, in_bytes

DAY = 86_400
GIB = 1 << 30


class RetentionSettings(BaseModel):
    """What is deleted from the inbox, and when. `inf` is without end, for each of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    events: Age = Field(
        default=30 * DAY,
        description="Seconds that an event is kept after it came in. It stays for as long as a "
        "route has not passed it, tries it again or has it as a dead letter.",
    )
    dead: Age = Field(
        default=90 * DAY,
        description="Seconds that a dead letter is kept after its route gave up; its event may go "
        "afterwards.",
    )
    quarantine: Age = Field(
        default=90 * DAY, description="Seconds that an event in quarantine is kept."
    )
    routes: Age = Field(
        default=7 * DAY,
        description="Seconds that a route which is not configured any more keeps its place, its "
        "exceptions and its dead letters, should it come back. It keeps no event.",
    )
    soft_limit: Size = Field(
        default=10 * GIB,
        description="Bytes in use (or a text, such as `10 GiB`) above which events go that every "
        "route has passed, the oldest first, however young.",
    )
    hard_limit: Size = Field(
        default=20 * GIB,
        description="Bytes in use above which new events are answered 503, so that senders keep "
        "them; nothing that was accepted is deleted for it.",
    )
    force: bool = Field(
        default=False,
        description="Above the hard limit, delete the oldest events though routes still need them. "
        "**Loses accepted events.**",
    )

    @field_validator("events", "dead", "quarantine", "routes", "soft_limit", "hard_limit")
    @classmethod
    def _a_number(cls, value: float) -> float:
        if isnan(value):
            raise ValueError("is no number; `inf` is without end")
        return value

    @model_validator(mode="after")
    def _softer_than_hard(self) -> RetentionSettings:
        if self.soft_limit > self.hard_limit and self.soft_limit != float("inf"):
            raise ValueError(
                f"has a soft_limit ({in_bytes(self.soft_limit)}) above its hard_limit "
                f"({in_bytes(self.hard_limit)}): make it smaller, or `inf`"
            )
        return self
