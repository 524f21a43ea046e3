"""`[routes.NAME]` of `receiver.toml`: which events go to which sink, and how.

Must not know: where a value came from, how a route is run.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from receiver.settings.values import Delay, Seconds, Start


class _Table(BaseModel):
    """One table of the file: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RetrySettings(_Table):
    """When a failed delivery is tried again: `schedule`, or the next four together."""

    schedule: tuple[Delay, ...] | None = Field(
        default=None,
        description="Seconds before each further attempt (±20 % jitter), a week at most.",
    )
    first: Delay | None = Field(
        default=None, description="Seconds before the second attempt, at most."
    )
    factor: float | None = Field(
        default=None, ge=1, allow_inf_nan=False, description="Each pause is this many times longer."
    )
    cap: Delay | None = Field(
        default=None, description="Seconds that no pause exceeds, a week at most."
    )
    attempts: int | None = Field(default=None, ge=1, le=1000, description="Attempts in all.")

    max_age: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        default=None,
        description="Seconds after its first attempt from which an event is not tried again, "
        "however many attempts are left.",
    )

    @model_validator(mode="after")
    def _one_form(self) -> RetrySettings:
        steps = (self.first, self.factor, self.cap, self.attempts)
        if self.schedule is not None and any(step is not None for step in steps):
            raise ValueError("is either { schedule } or { first, factor, cap, attempts }, not both")
        none = all(step is None for step in steps)
        if self.schedule is None and none and self.max_age is not None:
            return self  # of the default schedule
        if self.schedule is None and any(step is None for step in steps):
            raise ValueError("needs { schedule }, or all of { first, factor, cap, attempts }")
        return self


class BatchSettings(_Table):
    """How a sink with `on_batch` gets its events."""

    size: int = Field(default=100, ge=1, description="Events handed over at once, at most.")
    wait: Seconds = Field(
        default=0.0, description="Seconds that an event may wait for its batch to fill."
    )

    @model_validator(mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        plain = isinstance(value, int) and not isinstance(value, bool)
        return {"size": value} if plain else value


class BreakerSettings(_Table):
    """When a target that fails is left alone, instead of every event failing once."""

    threshold: int = Field(
        default=20,
        ge=0,
        description="Attempts that fail in a row, after which nothing more is tried; 0: never so.",
    )
    pause: Annotated[float, Field(gt=0, le=86_400.0)] = Field(
        default=30.0,
        description="Seconds until one event is tried; each time that it fails, twice as many.",
    )
    longest: Annotated[float, Field(gt=0, le=86_400.0)] = Field(
        default=600.0, description="Seconds that no such pause exceeds."
    )


class RouteSettings(_Table):
    """Which events go to which sink, and how."""

    sink: str = Field(description="The name of an installed sink: `receiver sinks list`.")
    events: tuple[str, ...] = Field(
        default=("*",),
        description="Patterns over event types: globs; `!pattern` excludes; "
        '`["!*"]` matches nothing.',
    )
    sources: tuple[str, ...] = Field(default=("*",), description="Patterns over sources.")
    nodes: tuple[str, ...] = Field(default=("*",), description="Patterns over the events' nodes.")
    users: tuple[str, ...] = Field(default=("*",), description="Patterns over the events' users.")
    start: Start = Field(
        default="end",
        alias="from",
        description="Where a new route begins: `end`, `beginning` or a time; of a route that is "
        "known it changes nothing. In a new store every route begins at the beginning.",
    )
    was: str | None = Field(
        default=None,
        description="The name that this route had: it goes on from there, with that route's "
        "exceptions and dead letters. May stay when that is done.",
    )
    ordered: bool = Field(
        default=True, description="A failing event holds back its own node's later events."
    )
    concurrency: int = Field(default=8, ge=1, description="Deliveries under way at the same time.")
    rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        default=None,
        description="Events a second that are handed to the sink, at most, further attempts "
        "included; by default as many as it takes.",
    )
    batch: BatchSettings = Field(
        default=BatchSettings(), description="How `on_batch` gets events; a number is the `size`."
    )
    deadline: Seconds = Field(default=30.0, gt=0, description="Seconds that one attempt may take.")
    retry: RetrySettings | None = Field(
        default=None,
        description="When a failed delivery is tried again; by default over about three days: "
        "after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.",
    )
    breaker: BreakerSettings = Field(
        default=BreakerSettings(), description="When a target that fails is left alone."
    )
    max_exceptions: int = Field(
        default=10_000,
        ge=1,
        description="Events in flight, waiting and held back, at most; then the route waits.",
    )
    isolation: Literal["thread", "process"] = Field(
        default="thread",
        description="Where the sink runs: among the others, or in a `process` of its own, which "
        "may crash, loop and run out of memory without harm to other routes.",
    )
    memory: int = Field(
        default=1 << 30,
        ge=1 << 28,
        description="Bytes of address space that a `process` of its own may take.",
    )
    transforms: tuple[str, ...] = Field(
        default=(),
        description="What changes or drops events before the sink sees them, in this order: names "
        "of tables `[transforms.NAME]`, or of installed transforms.",
    )
    settings: dict[str, Any] = Field(
        default={}, description="The sink's own settings: `receiver sinks describe NAME`."
    )


class TransformSettings(_Table):
    """A transform that routes may name, with its settings."""

    plugin: str | None = Field(
        default=None,
        description="The name of the installed transform; by default that of the table.",
    )
    settings: dict[str, Any] = Field(
        default={}, description="Its own settings: `receiver sinks describe NAME`."
    )
