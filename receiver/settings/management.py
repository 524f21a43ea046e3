"""What `receiver.toml` says of what is decided at run time: filters, endpoints, services.

Must not know: where a value came from, who uses a setting.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FilterSettings(_Table):
    """System, User and Node filters: `receiver filters`."""

    default: Literal["enabled", "disabled"] = Field(
        default="enabled",
        description="What holds for an event that no filter speaks of, on routes of this file.",
    )


class EndpointSettings(_Table):
    """A sink with its settings, for integrations that the management API makes."""

    sink: str = Field(description="The name of an installed sink: `receiver sinks list`.")
    settings: dict[str, Any] = Field(
        default={}, description="The sink's own settings: `receiver sinks describe NAME`."
    )


class ManagementSettings(_Table):
    """The management API on the admin listener."""

    services: tuple[str, ...] = Field(
        default=("http", "sqs", "mqtt"),
        description="Sinks that users without a further role may make hooks with. A sink that "
        "writes files here is better not one of them.",
    )
