"""What became of every event: sent, accepted, delivered, lost.

Must not know: how events are sent, how a store keeps them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

SHOWN = 20
"""Ids of lost events that are told."""


@dataclass
class Fate:
    """What the sender knows of one event."""

    ids: tuple[str, ...] = ()
    """Those that it was answered with; several, where two sendings were two events."""
    dropped: str = ""
    """Why its platform gave it up; empty while it has not."""


@dataclass
class Account:
    """Everything that was sent and answered."""

    fates: dict[int, Fate] = field(default_factory=dict)
    requests: int = 0
    again: int = 0
    """Of these, those that were sent again after an answer that asks for it, or none."""
    words: Counter[str] = field(default_factory=Counter)
    """Answers by what they said of an event: accepted, duplicate, quarantined."""
    statuses: Counter[str] = field(default_factory=Counter)
    forgeries: int = 0
    forged: int = 0
    """Forgeries that were taken: there must be none."""
    delays: list[float] = field(default_factory=list)
    """Seconds until each answer."""

    def answered(self, number: int, event_id: str, word: str) -> None:
        """An event was taken under an id."""
        self.words[word] += 1
        fate = self.fates[number]
        if event_id not in fate.ids:
            fate.ids += (event_id,)

    @property
    def ids(self) -> list[str]:
        """Every id that was answered."""
        return [event_id for fate in self.fates.values() for event_id in fate.ids]

    @property
    def given_up(self) -> dict[int, str]:
        """Events that their platform gave up, though some sending of them may have been taken."""
        return {n: fate.dropped for n, fate in self.fates.items() if fate.dropped and not fate.ids}


@dataclass(frozen=True, slots=True)
class Found:
    """What the receiver has of the events that were answered."""

    kept: frozenset[str]
    """In the inbox or in quarantine."""
    quarantined: int
    routes: Mapping[str, Mapping[str, int]]
    """By route: `passed`, `dead`, `open` (not yet)."""


def verdict(account: Account, found: Found | None) -> dict[str, Any]:
    """The account in plain values; `found` is None where the receiver cannot be asked."""
    lost = sorted(set(account.ids) - found.kept) if found else []
    given_up = account.given_up
    told: dict[str, Any] = {
        "sent": len(account.fates),
        "requests": account.requests,
        "sent_again": account.again,
        "statuses": dict(sorted(account.statuses.items())),
        **{word: account.words[word] for word in ("accepted", "duplicate", "quarantined")},
        "bad_signatures": {"sent": account.forgeries, "taken": account.forged},
        "given_up": {str(number): why for number, why in list(given_up.items())[:SHOWN]},
        "delays_ms": _delays(account.delays),
        "delivered": {name: dict(counts) for name, counts in found.routes.items()}
        if found
        else None,
        "lost": len(lost) + len(given_up),
        "lost_ids": lost[:SHOWN],
    }
    told["passed"] = not (told["lost"] or account.forged)
    return told


def _delays(delays: Iterable[float]) -> dict[str, float]:
    ordered = sorted(delays)
    if not ordered:
        return {}
    parts = {"p50": len(ordered) // 2, "p99": len(ordered) * 99 // 100, "longest": -1}
    return {name: round(ordered[index] * 1000, 1) for name, index in parts.items()}
