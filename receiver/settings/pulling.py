"""What `[sources.NAME.pull.NAME]` may say beside the settings of its transport.

Must not know: which transports there are, what their own settings are.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from receiver.settings.values import Seconds


class PullSettings(BaseModel):
    """Events that Receiver asks for; all further keys are the transport's own settings."""

    model_config = ConfigDict(extra="allow", frozen=True)

    transport: str = Field(description="The name of an installed transport, such as `sqs`.")
    operation: str | None = Field(
        default=None,
        description="The operation of the contract as whose events the messages are read; by "
        "default the source's one with the most event types.",
    )
    deadline: Seconds = Field(
        default=120.0, gt=0, description="Seconds that one call of the transport may take."
    )

    @property
    def own(self) -> dict[str, Any]:
        """The transport's own settings, as written."""
        return dict(self.model_extra or {})
