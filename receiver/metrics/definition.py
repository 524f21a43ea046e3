"""Every metric there is: name, kind, labels, meaning. docs/operations.md has the same table.

Must not know: how anything is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric. Times are in seconds, sizes in bytes."""

    name: str
    """As it is exposed, a histogram without `_bucket`, `_sum` and `_count`."""
    kind: Kind
    labels: tuple[str, ...]
    help: str
    buckets: tuple[float, ...] = ()
    """Of a histogram: upper bounds; +Inf goes without saying."""

    @property
    def family(self) -> str:
        """The name as client libraries want it: that of a counter without `_total`."""
        return self.name.removesuffix("_total") if self.kind == "counter" else self.name


COMMIT_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0)
COMMIT_EVENTS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0)

EVENTS = Definition(
    "receiver_events_total",
    "counter",
    ("source", "status"),
    "Events answered 200: accepted, duplicate, quarantined.",
)
REFUSED = Definition(
    "receiver_refused_total",
    "counter",
    ("source", "reason"),
    "Requests to event paths that were not answered 200.",
)
STRANGERS = Definition(
    "receiver_requests_strangers_total",
    "counter",
    ("status",),
    "Requests that were about no event, by the status they were answered with.",
)
COMMIT_TIME = Definition(
    "receiver_commit_seconds",
    "histogram",
    (),
    "Time to commit a group of events, the wait for other writers and the fsync included.",
    COMMIT_SECONDS,
)
COMMIT_SIZE = Definition(
    "receiver_commit_events",
    "histogram",
    (),
    "Events that one commit took.",
    COMMIT_EVENTS,
)
DELIVERIES = Definition(
    "receiver_deliveries_total", "counter", ("route",), "Events that the route's sink took."
)
RETRIES = Definition(
    "receiver_retries_total",
    "counter",
    ("route",),
    "Attempts that failed and will be made again.",
)
DEAD = Definition(
    "receiver_dead_total", "counter", ("route",), "Events that the route has given up on."
)
CALL_TIME = Definition(
    "receiver_call_seconds",
    "histogram",
    ("route",),
    "Time that one call of the sink took, whatever came of it.",
)
LAG_EVENTS = Definition(
    "receiver_route_lag_events", "gauge", ("route",), "Events after the route's position."
)
LAG_SECONDS = Definition(
    "receiver_route_lag_seconds",
    "gauge",
    ("route",),
    "Time since the first event after the route's position was received; 0 without one.",
)
WAITING = Definition(
    "receiver_route_waiting_events",
    "gauge",
    ("route",),
    "Failed events that wait for another attempt.",
)
HELD = Definition(
    "receiver_route_held_events",
    "gauge",
    ("route",),
    "Events held back behind a failed one of their node.",
)
DEAD_LETTERS = Definition(
    "receiver_route_dead_letters", "gauge", ("route",), "Dead letters that are kept."
)
IN_FLIGHT = Definition(
    "receiver_route_in_flight_events", "gauge", ("route",), "Events that the route has in hand."
)
RESTARTS = Definition(
    "receiver_route_restarts_total",
    "counter",
    ("route",),
    "How often the route's own process was started again, having ended by itself.",
)
CONFINED = Definition(
    "receiver_route_confined",
    "gauge",
    ("route",),
    "1 while the route has a process of its own because a hook of its held up backstage.",
)
UP = Definition(
    "receiver_route_up",
    "gauge",
    ("route",),
    "1 while the route delivers; 0 when it starts, is stuck, broken or stopped.",
)
PAUSED = Definition(
    "receiver_route_paused",
    "gauge",
    ("route",),
    "1 while an operator has paused the route, or has it drained.",
)
BREAKER = Definition(
    "receiver_route_breaker_open",
    "gauge",
    ("route",),
    "1 while calls have failed in a row and the target is left alone, or tried with one event.",
)
PULLED = Definition(
    "receiver_pulled_total",
    "counter",
    ("source", "pull", "status"),
    "Events that were pulled and kept: accepted, duplicate, quarantined.",
)
PULL_UP = Definition(
    "receiver_pull_up",
    "gauge",
    ("source", "pull"),
    "1 while the puller pulls; 0 while it starts, fails, is stuck or stopped.",
)
STORE = Definition("receiver_store_bytes", "gauge", (), "Size of the inbox's file.")
STORE_LOG = Definition(
    "receiver_store_log_bytes", "gauge", (), "Size of the inbox's write-ahead log."
)
STORE_FREE = Definition("receiver_store_free_bytes", "gauge", (), "Space left on the inbox's disk.")
STORE_USED = Definition(
    "receiver_store_used_bytes",
    "gauge",
    (),
    "Bytes of the inbox's file that are in use; the rest is used again before it grows.",
)
STORE_LIMIT = Definition(
    "receiver_store_limit_bytes",
    "gauge",
    (),
    "Bytes in use from which new events are refused (retention.hard_limit).",
)
PURGED = Definition(
    "receiver_purged_total",
    "counter",
    ("kind",),
    "What retention has deleted: events, dead letters, quarantined events, and those by force.",
)
LOGINS = Definition(
    "receiver_logins_refused_total",
    "counter",
    ("reason",),
    "Logins to the management API that were refused: wrong, or too soon after wrong ones (hasty).",
)
BUILD = Definition("receiver_build_info", "gauge", ("version",), "Always 1; which version runs.")

INGEST = (EVENTS, REFUSED, STRANGERS, COMMIT_TIME, COMMIT_SIZE)
"""Counted by every process that takes in requests."""

DELIVERY = (
    DELIVERIES,
    RETRIES,
    DEAD,
    CALL_TIME,
    LAG_EVENTS,
    LAG_SECONDS,
    WAITING,
    HELD,
    DEAD_LETTERS,
    IN_FLIGHT,
    RESTARTS,
    CONFINED,
    UP,
    PAUSED,
    BREAKER,
    PULLED,
    PULL_UP,
    STORE,
    STORE_LOG,
    STORE_FREE,
    STORE_USED,
    STORE_LIMIT,
    PURGED,
    LOGINS,
    BUILD,
)
"""Known to the process that delivers."""

ALL = (*INGEST, *DELIVERY)
