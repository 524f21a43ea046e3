"""Claims in, outcomes out: calls the right hook for each claim of one route.

Must not know: where claims come from, what is written of their outcomes.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from receiver.dispatch.binding import AnySink
from receiver.dispatch.calls import MOST_OVERDUE, Crew, Job, UnderWay
from receiver.dispatch.clock import Clock
from receiver.dispatch.durations import Durations
from receiver.dispatch.isolated import IsolatedSink
from receiver.dispatch.outcome import DELIVERED, Judge, Outcome, Raised
from receiver.dispatch.route import Route
from receiver.dispatch.selection import Selection, Way, event
from receiver.dispatch.tasks import Tasks
from receiver.dispatch.threads import Threads
from receiver.inbox import Claim
from receiver.plugins import Hook

Decide = Callable[[Claim, Outcome], None]
"""Takes each outcome, on the loop."""


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
        durations: Durations,
    ) -> None:
        """`freed` is called when a call that was given up came back after all."""
        self._route = route
        self._selection = selection
        self._judge = judge
        self._decide = decide
        self._clock = clock
        self._random = random
        self._durations = durations
        self._batch = route.batch
        self._batch_wait = route.batch_wait
        self._tasks: Crew
        self._threads: Crew
        if isinstance(sink, IsolatedSink):
            self._tasks, self._threads = sink.crews(self._report)
        else:
            size, deadline = route.concurrency, route.deadline
            self._tasks = Tasks(size, deadline, self._report, freed)
            self._threads = Threads(route.name, size, deadline, self._report, freed)
        self._crews = (self._tasks, self._threads)
        self._gathering: deque[tuple[Claim, Way, float]] = deque()
        """Claims that wait for a batch, its way, and since when."""
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
        """See to it that each claim gets its outcome."""
        loop = asyncio.get_running_loop()
        for claim in claims:
            way = self._selection.way(claim.event.source, claim.event.type)
            if way is None:
                # It was wanted when it failed first; the sink has no hook for it any more.
                self._decide(claim, DELIVERED)
            elif way.batch is not None and claim.attempt == 1:
                self._gathering.append((claim, way, loop.time()))
            else:
                self._alone(claim, way)
        self._send_batches()

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

    def _alone(self, claim: Claim, way: Way) -> None:
        told = event(claim, way.decoder)
        argument = [told] if way.listed else told
        self._crew(way.hook).put(Job(way.hook, argument, (claim,), batch=way.listed))

    def _send_batches(self) -> None:
        """Hand out batches that are full or have waited, while somebody is free to take them."""
        loop = asyncio.get_running_loop()
        while self._gathering and not self._stopped:
            _, way, since = self._gathering[0]
            assert way.batch is not None
            crew = self._crew(way.batch)
            if crew.free <= 0:
                return  # the report of the call that frees it comes back here
            wait = since + self._batch_wait - loop.time()
            if len(self._gathering) < self._batch and wait > 0:
                if self._timer is None:
                    self._timer = loop.call_later(wait, self._waited)
                return
            size = min(self._batch, len(self._gathering))
            together = [self._gathering.popleft() for _ in range(size)]
            events = [event(claim, way.decoder) for claim, way, _ in together]
            claims = tuple(claim for claim, _, _ in together)
            crew.put(Job(way.batch, events, claims, batch=True))

    def _waited(self) -> None:
        self._timer = None
        self._send_batches()

    def _report(self, job: Job, result: Any, seconds: float) -> None:
        """See to it that each claim of an ended call gets its outcome."""
        try:
            if result is not None and not job.hook.asynchronous and inspect.isawaitable(result):
                # A plain function that returned a coroutine: an async one behind a decorator.
                waiting = Hook(job.hook.name, lambda _argument: result, asynchronous=True)
                self._tasks.put(replace(job, hook=waiting))
                return
            self._durations.add(seconds)
            judged = self._judge.batch(result, len(job.claims)) if job.batch else [result]
        except BaseException as error:  # what a hook returned may do anything when looked at
            judged = [Raised(error)] * len(job.claims)
        if judged is None and len(job.claims) > 1:
            self._one_by_one(job)
            return
        results = [result] if judged is None else judged
        now = self._clock.now()
        for claim, each in zip(job.claims, results, strict=True):
            outcome = self._judge.outcome(each, claim, now=now, random=self._random())
            self._decide(claim, outcome)
        if self._gathering:
            self._send_batches()

    def _one_by_one(self, job: Job) -> None:
        for claim in job.claims:
            way = self._selection.way(claim.event.source, claim.event.type)
            assert way is not None, "it was in a batch"
            self._alone(claim, way)
