"""Leads events through a route's transforms, one after the other, before its sink is called.

Must not know: what becomes of an event afterwards.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from receiver.dispatch.calls import Crew, Job
from receiver.dispatch.lanes import Item
from receiver.dispatch.outcome import Raised, is_a, shown
from receiver.dispatch.tasks import Tasks
from receiver.dispatch.threads import Threads
from receiver.event import Event
from receiver.plugins import Hook


@dataclass(frozen=True, slots=True)
class Step:
    """One transform of a route."""

    name: str
    hook: Hook


@dataclass(frozen=True, slots=True)
class DroppedBy:
    """A transform said that the event goes no further."""

    name: str


Passed = Callable[[Item, "Event[Any] | DroppedBy | Raised"], None]
"""Takes what has become of an item, on the loop."""


class Transforming:
    """The transforms of one route; made and used on a running loop."""

    def __init__(
        self,
        route: str,
        steps: Sequence[Step],
        size: int,
        deadline: float,
        passed: Passed,
        freed: Callable[[], None],
    ) -> None:
        """Each transform has `deadline` seconds; `freed`: see Delivery."""
        self._steps = steps
        self._passed = passed
        self._tasks: Crew = Tasks(size, deadline, self._report, freed)
        self._threads: Crew = Threads(f"{route} transforms", size, deadline, self._report, freed)
        self.crews = (self._tasks, self._threads)
        self._at: dict[Item, int] = {}

    def put(self, item: Item, event: Event[Any]) -> None:
        """Lead an event through all of them."""
        self._at[item] = 0
        self._call(item, event)

    def _call(self, item: Item, event: Event[Any]) -> None:
        hook = self._steps[self._at[item]].hook
        crew = self._tasks if hook.asynchronous else self._threads
        crew.put(Job(hook, event, (item,)))

    def _report(self, job: Job, result: Any, _seconds: float) -> None:
        [item] = job.items
        if not job.hook.asynchronous and not is_a(result, Raised) and inspect.isawaitable(result):
            # A plain function that returned a coroutine: an async one behind a decorator.
            waiting = Hook(job.hook.name, lambda _event: result, asynchronous=True)
            self._tasks.put(replace(job, hook=waiting))
            return
        place = self._at[item]
        judged = _judged(self._steps[place].name, job.argument, result)
        if isinstance(judged, Event) and place + 1 < len(self._steps) and not item.gone:
            self._at[item] = place + 1
            self._call(item, judged)
        else:
            del self._at[item]
            self._passed(item, judged)

    def forget(self, jobs: Sequence[Job]) -> None:
        """These are not made after all."""
        for job in jobs:
            for item in job.items:
                self._at.pop(item, None)


def _judged(name: str, given: Event[Any], result: Any) -> Event[Any] | DroppedBy | Raised:
    """What a transform has made of an event; nothing that is not clearly one gets any further."""
    if is_a(result, Raised):
        raised: Raised = result
        return raised
    if result is None:
        return DroppedBy(name)
    if type(result) is not Event:
        said = f"the transform {name} returned {shown(result)}; it returns an event or None"
        return Raised(TypeError(said))
    if (result.seq, result.id, result.source) != (given.seq, given.id, given.source):
        said = f"the transform {name} returned another event ({shown(result)} for {shown(given)})"
        return Raised(ValueError(said))
    return msgspec.structs.replace(result)  # `data` is made anew, of its `raw`
