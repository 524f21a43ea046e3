"""Claims in, outcomes out: calls the right hook for each claim of one route.

Must not know: where claims come from, what is written of their outcomes.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from receiver.dispatch.binding import AnySink
from receiver.dispatch.calls import MOST_OVERDUE, Crew, Job, UnderWay
from receiver.dispatch.clock import Clock
from receiver.dispatch.durations import Durations
from receiver.dispatch.isolated import IsolatedSink
from receiver.dispatch.lanes import Item, Lanes, lane_of
from receiver.dispatch.outcome import (
    DELIVERED,
    GIVEN_BACK,
    Dropped,
    GivenBack,
    Judge,
    Outcome,
    Raised,
    RetryAt,
)
from receiver.dispatch.route import Route
from receiver.dispatch.selection import Selection, event
from receiver.dispatch.tasks import Tasks
from receiver.dispatch.threads import Threads
from receiver.dispatch.transforming import DroppedBy, Step, Transforming
from receiver.event import Event
from receiver.inbox import Claim
from receiver.plugins import Hook
from receiver.tracing import around

Decide = Callable[[Claim, Outcome | GivenBack], None]
"""Takes what became of each claim, on the loop."""


class Delivery:
    """The calls of one route; made and used on a running loop."""

    def __init__(
        self,
        route: Route,
        sink: AnySink,
        selection: Selection,
        judge: Judge,
        decide: Decide,
        *,
        clock: Clock,
        random: Callable[[], float],
        freed: Callable[[], None],
        ended: Callable[[list[Outcome], datetime], None],
        shut: Callable[[], bool],
        durations: Durations,
        steps: Sequence[Step] = (),
    ) -> None:
        """`freed`: a call that was given up came back after all. `ended` takes the outcomes of each
        call. While it is `shut`, nothing is begun again. `steps` are the route's transforms."""
        self._route = route
        self._selection = selection
        self._judge = judge
        self._decide = decide
        self._clock = clock
        self._random = random
        self._ended = ended
        self._shut = shut
        self._durations = durations
        self._batch = route.batch
        self._batch_wait = route.batch_wait
        self._apart = isinstance(sink, IsolatedSink)
        self._tasks: Crew
        self._threads: Crew
        if isinstance(sink, IsolatedSink):
            self._tasks, self._threads = sink.crews(self._report)
        else:
            size, deadline = route.concurrency, route.deadline
            self._tasks = Tasks(size, deadline, self._report, freed)
            self._threads = Threads(route.name, size, deadline, self._report, freed)
        self._crews: tuple[Crew, ...] = (self._tasks, self._threads)
        self._transforming: Transforming | None = None
        if steps:
            shape = (route.concurrency, route.deadline)
            self._transforming = Transforming(route.name, steps, *shape, self._transformed, freed)
            self._crews += self._transforming.crews
        self._hand: set[Item] = set()
        self._lanes = Lanes()
        self._gathering: deque[Item] = deque()
        """The first of their lanes, waiting for a batch."""
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False

    @property
    def overdue(self) -> int:
        """Calls that are past their deadline and still running."""
        return sum(crew.overdue for crew in self._crews)

    @property
    def stuck(self) -> bool:
        return any(crew.overdue >= MOST_OVERDUE for crew in self._crews)

    @property
    def busy(self) -> bool:
        return any(crew.busy for crew in self._crews)

    def under_way(self) -> list[UnderWay]:
        """The calls in this process that have not ended; may be asked from any thread."""
        name, plugin = self._route.name, self._route.plugin.name
        return [UnderWay(name, plugin, *place) for crew in self._crews for place in crew.places()]

    def take(self, claims: Iterable[Claim]) -> None:
        """See to it that each claim gets its outcome, or is given back."""
        now = asyncio.get_running_loop().time()
        for claim in claims:
            way = self._selection.way(claim.event.source, claim.event.type)
            if way is None:
                # It was wanted when it failed first; the sink has no hook for it any more.
                self._decide(claim, DELIVERED)
                continue
            refusal = self._selection.refusal(claim.event)
            if refusal is not None:
                self._decide(claim, Dropped(refusal))
                continue
            lane = lane_of(claim) if self._route.ordered else None
            item = Item(claim, way, lane, now, alone=claim.attempt > 1)
            self._hand.add(item)
            self._lanes.add(item)
            if self._transforming is not None:
                item.ready = False
                self._transforming.put(item, event(claim, way.decoder))
            elif self._lanes.first(item):
                self._begin(item)
        self._send_batches()

    def _transformed(self, item: Item, result: Event[Any] | DroppedBy | Raised) -> None:
        """An item has been through the transforms."""
        if item.gone or self._stopped:
            return
        if isinstance(result, Raised):
            self._conclude((item,), [result], of_sink=False)
        elif isinstance(result, DroppedBy):
            self._hand.discard(item)
            self._decide(item.claim, Dropped(f"transform {result.name}"))
            if (first := self._lanes.remove(item)) is not None:
                self._begin(first)
        else:
            item.event, item.ready = result, True
            if self._lanes.first(item):
                self._begin(item)
        self._send_batches()

    def recall(self) -> None:
        """Give back what is in hand and not begun."""
        for crew in self._crews:
            jobs = crew.recall()
            for item in [item for job in jobs for item in job.items]:
                item.called = False
            if self._transforming is not None:
                self._transforming.forget(jobs)
        self._gathering.clear()
        self._drop([item for item in self._hand if not item.called])

    def _drop(self, items: list[Item]) -> None:
        """Give items back."""
        for item in items:
            if not item.gone:
                item.gone = True
                self._hand.discard(item)
                for later in self._lanes.cut(item):
                    later.gone = True
                    self._hand.discard(later)
                    self._decide(later.claim, GIVEN_BACK)
                self._decide(item.claim, GIVEN_BACK)

    def stop(self) -> None:
        """Begin no more calls; what was taken and not begun stays without an outcome."""
        self._stopped = True
        self._gathering.clear()
        if self._timer is not None:
            self._timer.cancel()
        for crew in self._crews:
            crew.stop()

    async def leave(self) -> None:
        """End the calls that can be ended, leave the rest; after `stop`."""
        for crew in self._crews:
            await crew.leave()

    def _crew(self, hook: Hook) -> Crew:
        return self._tasks if hook.asynchronous else self._threads

    def _begin(self, item: Item) -> None:
        """Its turn has come: nothing of its lane is before it."""
        if item.begun or not item.ready or self._stopped:
            return
        item.begun = True
        if item.way.batch is not None and not item.alone:
            self._gathering.append(item)
            return
        item.called = True
        told = item.event or event(item.claim, item.way.decoder)
        argument = [told] if item.way.listed else told
        hook = self._traced(item.way.hook, [told])
        self._crew(hook).put(Job(hook, argument, (item,), batch=item.way.listed))

    def _traced(self, hook: Hook, events: Sequence[Event[Any]]) -> Hook:
        """The hook, in a span where its events came with a trace; apart, its process sees to it."""
        if self._apart:
            return hook
        call = around(hook.call, self._route.name, events, asynchronous=hook.asynchronous)
        return hook if call is hook.call else replace(hook, call=call)

    def _send_batches(self) -> None:
        """Hand out batches that are full or have waited, while somebody is free to take them."""
        loop = asyncio.get_running_loop()
        while self._gathering and not self._stopped:
            first = self._gathering[0]
            assert first.way.batch is not None
            crew = self._crew(first.way.batch)
            if crew.free <= 0:
                return  # the report of the call that frees it comes back here
            wait = first.since + self._batch_wait - loop.time()
            if wait > 0 and sum(not item.called for item in self._hand) < self._batch:
                if self._timer is None:
                    self._timer = loop.call_later(wait, self._waited)
                return
            items = self._lanes.together(self._gathering, self._batch)
            for item in items:
                item.called = True
            events = [item.event or event(item.claim, item.way.decoder) for item in items]
            crew.put(Job(self._traced(first.way.batch, events), events, items, batch=True))

    def _waited(self) -> None:
        self._timer = None
        self._send_batches()

    def _report(self, job: Job, result: Any, seconds: float) -> None:
        """See to it that each item of an ended call gets its outcome."""
        try:
            if result is not None and not job.hook.asynchronous and inspect.isawaitable(result):
                # A plain function that returned a coroutine: an async one behind a decorator.
                waiting = Hook(job.hook.name, lambda _argument: result, asynchronous=True)
                self._tasks.put(replace(job, hook=waiting))
                return
            self._durations.add(seconds)
            judged = self._judge.batch(result, len(job.items)) if job.batch else [result]
        except BaseException as error:  # what a hook returned may do anything when looked at
            judged = [Raised(error)] * len(job.items)
        if judged is None and len(job.items) > 1:
            self._one_by_one(job.items)
        else:
            self._conclude(job.items, [result] if judged is None else judged)
        if self._gathering:
            self._send_batches()

    def _conclude(self, items: Iterable[Item], results: list[Any], *, of_sink: bool = True) -> None:
        """Take the results of one call.

        After one that failed, later ones of its node count as not delivered, whatever they came to:
        they are made again after it.
        """
        now = self._clock.now()
        outcomes: list[Outcome] = []
        for item, result in zip(items, results, strict=True):
            if item.gone:
                continue
            outcome: Outcome = DELIVERED
            if result is not None and result is not True:
                chance = self._random()
                outcome = self._judge.outcome(result, item.claim, now=now, random=chance)
            outcomes.append(outcome)
            self._decide(item.claim, outcome)
            self._hand.discard(item)
            if isinstance(outcome, RetryAt):
                item.gone = True
                for later in self._lanes.cut(item):
                    later.gone = True
                    self._hand.discard(later)
                    self._decide(later.claim, GIVEN_BACK)
            elif (follower := self._lanes.remove(item)) is not None:
                self._begin(follower)
        if of_sink:
            self._ended(outcomes, now)

    def _one_by_one(self, items: tuple[Item, ...]) -> None:
        if self._shut():
            self._drop(list(items))
            return
        for item in items:
            item.alone, item.called, item.begun = True, False, False
        for item in items:
            if self._lanes.first(item):
                self._begin(item)
