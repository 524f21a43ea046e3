"""The events of one route that are in hand, each in its lane: what of a node may be called now.

Must not know: how they are called, what becomes of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from receiver.event import Event
from receiver.inbox import Claim

if TYPE_CHECKING:
    from receiver.dispatch.selection import Way

Lane = tuple[str, str, str]
"""Of which route or replay, source and node."""


def lane_of(claim: Claim) -> Lane | None:
    """The lane of an event on a route that is ordered."""
    event = claim.event
    return None if event.node is None else (claim.route, event.source, event.node)


@dataclass(slots=True, eq=False)
class Item:
    """One claimed event between its claim and its outcome."""

    claim: Claim
    way: Way
    lane: Lane | None
    """Whose order it is part of; None: of nobody's."""
    since: float
    """When it came, in seconds of the loop."""
    event: Event[Any] | None = None
    """As its hook gets it, once that is known."""
    alone: bool = False
    """Whether it is called by itself, though there is a hook for batches."""
    ready: bool = True
    """Whether it has been through the transforms."""
    begun: bool = False
    """Whether it has had its turn: it is called, or waits for a batch."""
    called: bool = False
    """Whether its hook has been called, or is about to be."""
    gone: bool = False
    """Whether it was given back."""


class Lanes:
    """Items by lane, each lane in the order they came."""

    def __init__(self) -> None:
        self._lanes: dict[Lane, deque[Item]] = {}

    def add(self, item: Item) -> None:
        """At the end of its lane."""
        lane = item.lane
        if lane is None:
            return
        if lane in self._lanes:
            self._lanes[lane].append(item)
        else:
            self._lanes[lane] = deque((item,))

    def first(self, item: Item) -> bool:
        """Whether nothing of its lane is before it."""
        return item.lane is None or self._lanes[item.lane][0] is item

    def behind(self, item: Item) -> Iterator[Item]:
        """What comes after an item that is the first of its lane."""
        if item.lane is not None:
            lane = iter(self._lanes[item.lane])
            next(lane)
            yield from lane

    def together(self, gathering: deque[Item], most: int) -> tuple[Item, ...]:
        """The next batch: of the first of their lanes that wait, and of what is behind each."""
        items: list[Item] = []
        while gathering and len(items) < most:
            first = gathering.popleft()
            items.append(first)
            for later in self.behind(first):
                fits = later.way.batch is first.way.batch and later.ready and not later.alone
                if len(items) >= most or not fits:
                    break
                later.begun = True
                items.append(later)
        return tuple(items)

    def remove(self, item: Item) -> Item | None:
        """It is done with; the first of its lane now, if there is one."""
        if item.lane is None:
            return None
        lane = self._lanes[item.lane]
        if lane[0] is item:
            lane.popleft()
        else:
            lane.remove(item)
        if not lane:
            del self._lanes[item.lane]
            return None
        return lane[0]

    def cut(self, item: Item) -> list[Item]:
        """Take an item and what comes after it out of its lane; what came after it."""
        if item.lane is None:
            return []
        lane = self._lanes[item.lane]
        after = [*lane]
        place = after.index(item)
        if place == 0:
            del self._lanes[item.lane]
        else:
            self._lanes[item.lane] = deque(after[:place])
        return after[place + 1 :]
