"""What a route is, and how it is doing: values only.

Must not know: how a route is run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, Protocol

from receiver import backoff
from receiver.backoff import Schedule
from receiver.breaker import BreakerState, Limits
from receiver.contract import Contract
from receiver.dispatch.durations import Durations
from receiver.inbox.steering import Flow
from receiver.locator import Locator
from receiver.plugins import Plugin

MEMORY = 1 << 30
BREAKER = Limits()

State = Literal["starting", "running", "stuck", "broken", "stopped"]


@dataclass(frozen=True, slots=True)
class Part:
    """A condition on a part of the payload, which only a look at the whole event can tell."""

    place: Locator
    patterns: tuple[str, ...]
    """Ant-style patterns (receiver.antpatterns), one of which must match."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """What changes or drops a route's events before its sink sees them."""

    name: str
    plugin: Plugin
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Which events go to which sink, with which settings."""

    name: str
    plugin: Plugin
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The sink's own settings, secrets resolved."""
    base: Path | None = None
    """The folder that relative paths in the settings count from; None where they are whole."""
    events: tuple[str, ...] = ("*",)
    """Patterns (receiver.patterns) over event types; the same for the next three."""
    sources: tuple[str, ...] = ("*",)
    nodes: tuple[str, ...] = ("*",)
    users: tuple[str, ...] = ("*",)
    parts: tuple[Part, ...] = ()
    """All of them must hold."""
    strict: bool = False
    """Whether only what an enabled filter lists it for is delivered (receiver.filters)."""
    transforms: tuple[Transform, ...] = ()
    """In the order in which they are called."""
    start: Literal["beginning", "end"] | datetime = "end"
    was: str | None = None
    """The name that it had: it inherits what is kept under that one."""
    ordered: bool = True
    """Whether a failing event holds back its node's later events."""
    concurrency: int = 8
    """Calls of hooks under way at the same time; of plain hooks at most `THREADS`."""
    batch: int = 100
    """Events handed to `on_batch` at once, at most."""
    batch_wait: float = 0.0
    """Seconds that an event may wait for a batch to fill; with 0, a call takes what is there."""
    rate: float | None = None
    """Events a second that are handed to the sink, at most."""
    deadline: float = 30.0
    """Seconds that one call may take."""
    schedule: Schedule = backoff.DEFAULT
    breaker: Limits = BREAKER
    """When the target is left alone for a while."""
    max_exceptions: int = 10_000
    isolation: Literal["thread", "process"] = "thread"
    """Whether the sink lives in this process or in one of its own (receiver.isolation)."""
    memory: int = MEMORY
    """Bytes of address space that a process of its own may take."""
    confined: str | None = None
    """Why it has a process of its own though it is not configured so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteStatus:
    """How one route is doing. The figures count from the start of the process."""

    route: str
    plugin: str
    state: State
    """`stuck`: calls did not end at their deadline, and nothing is called until they do;
    `broken`: the sink cannot be used, `last_error` says why."""
    flow: Flow = "running"
    """Whether an operator has paused it, or has it drained."""
    breaker: BreakerState = "closed"
    """`open`: its calls failed one after the other, and nothing is tried until `breaker_until`;
    `half-open`: one event is tried."""
    breaker_until: datetime | None = None
    lag: int | None = None
    """Events after its position; None where the store could not be asked."""
    in_flight: int = 0
    delivered: int = 0
    failed: int = 0
    """Attempts that failed."""
    dead: int = 0
    """Dead letters made."""
    isolation: Literal["thread", "process"] = "thread"
    confined: str | None = None
    """Why it has a process of its own though it is not configured so."""
    restarts: int = 0
    """Times that its process had to be started again."""
    calls: Durations = field(default_factory=Durations)
    """How long calls took; goes on counting."""
    overdue: int = 0
    """Calls that are past their deadline and still running."""
    last_error: str | None = None
    """The route's and its plugin's names, and what went wrong last; holds no secrets."""
    last_error_at: datetime | None = None


class Catalogue(Protocol):
    """What dispatch needs of the contract that is served (receiver.catalogue)."""

    @property
    def package(self) -> str: ...

    @property
    def contract(self) -> Contract: ...

    @property
    def hookspecs(self) -> ModuleType: ...

    def decoder(self, source: str, type: str) -> Callable[[bytes], Any]: ...
