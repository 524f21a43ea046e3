"""The filters that hold, for all routes of one process.

Must not know: who sets filters, where they are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from receiver.filters import Filters


@dataclass(frozen=True, slots=True)
class InForce:
    """One version of the filters."""

    filters: Filters = field(default_factory=Filters)
    version: int = 0
    """Its number among the definitions that the inbox keeps; 0: there were never any."""


@dataclass(slots=True)
class Filtering:
    """What holds now: each claim takes it once, so that what it decides is of one version."""

    now: InForce = field(default_factory=InForce)
