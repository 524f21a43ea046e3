"""Figures of several rounds: their medians, ratios, and the goals they are held to.

Must not know: how anything is measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure should at least (or at most) be."""

    bound: float
    at_most: bool = False

    def met(self, figure: float) -> bool:
        """Whether a figure is as it should be."""
        return figure <= self.bound if self.at_most else figure >= self.bound

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.bound:g}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the result."""

    name: str
    value: float
    unit: str
    ratio: float | None = None
    """What the goal is about, where that is not the value itself."""
    ratio_to: str = ""
    goal: Goal | None = None
    rounds: tuple[float, ...] = ()

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        if self.goal is None:
            return None
        return self.goal.met(self.value if self.ratio is None else self.ratio)

    def plain(self) -> dict[str, object]:
        """For JSON."""
        return {
            "name": self.name,
            "value": round(self.value, 2),
            "unit": self.unit,
            "rounds": [round(value, 2) for value in self.rounds],
            "ratio": None if self.ratio is None else round(self.ratio, 3),
            "ratio_to": self.ratio_to or None,
            "goal": None if self.goal is None else str(self.goal),
            "met": self.met,
        }


@dataclass(slots=True)
class Rounds:
    """What was measured, by name, a value for each round."""

    values: dict[str, list[float]]

    def add(self, name: str, value: float) -> None:
        """The value of another round."""
        self.values.setdefault(name, []).append(value)

    def middle(self, name: str) -> float:
        """The median of the rounds."""
        return median(self.values[name])

    def ratio(self, name: str, to: str) -> float:
        """The median of the rounds' own ratios: both sides of each met the same machine."""
        pairs = zip(self.values[name], self.values[to], strict=True)
        return median(value / other for value, other in pairs)

    def figures(self) -> list[Figure]:
        """A line for each of what was measured, in the order of the report."""
        found = []
        for name, unit, to, goal in _LINES:
            if name not in self.values:
                continue
            related = to in self.values
            found.append(
                Figure(
                    name=name,
                    value=self.middle(name),
                    unit=unit,
                    ratio=self.ratio(name, to) if related else None,
                    ratio_to=to if related else "",
                    goal=goal if related or not to else None,
                    rounds=tuple(self.values[name]),
                )
            )
        return found


BARE = "bare application"
OWN = "bare application, Receiver's protocol"
CONNEXION = "connexion as it ships"
LANE = "receiver, 1 worker"
BARE_MANY = "bare application, 256 connections"
LANE_MANY = "receiver, 1 worker, 256 connections"
LANES = "receiver, 2 workers"
OVER = "receiver over connexion"
MESSAGES = "messages in arrays of 1,000"
DRAIN = "drain, one event a call"
DRAIN_MANY = "drain, batches"
REPLAY = "replay, one event a call"
REPLAY_MANY = "replay, batches"
HALF = "accept to sink, p50"
MOST = "accept to sink, p99"
BUSY = "generator at its busiest"

_LINES: tuple[tuple[str, str, str, Goal | None], ...] = (
    (BARE, "requests/s", "", None),
    (OWN, "requests/s", BARE, None),
    (CONNEXION, "requests/s", BARE, None),
    (LANE, "events/s", BARE, Goal(0.5)),
    (BARE_MANY, "requests/s", "", None),
    (LANE_MANY, "events/s", BARE_MANY, Goal(0.5)),
    (LANES, "events/s", LANE, Goal(0.9)),
    (OVER, "events/s", CONNEXION, Goal(5)),
    (MESSAGES, "messages/s", "", Goal(100_000)),
    (DRAIN, "events/s", LANE, Goal(1)),
    (DRAIN_MANY, "events/s", LANE, Goal(1)),
    (REPLAY, "events/s", "", Goal(20_000)),
    (REPLAY_MANY, "events/s", "", Goal(20_000)),
    (HALF, "ms", "", Goal(10, at_most=True)),
    (MOST, "ms", "", Goal(30, at_most=True)),
    (BUSY, "of a processor", "", Goal(0.9, at_most=True)),
)
