"""A sink in a process of its own, as its route sees it: opened, called, started again, closed.

What kills that process costs the calls under way an attempt, and nobody else anything.
Must not know: where claims come from, what is written of outcomes.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from receiver.backoff import pause
from receiver.dispatch.calls import Crew, Report
from receiver.dispatch.outcome import Foreign, Raised, called, spoken
from receiver.dispatch.remote import Remote, result
from receiver.dispatch.route import Route
from receiver.dispatch.threads import THREADS
from receiver.errors import PluginError
from receiver.isolation.frames import (
    Answer,
    Bound,
    Close,
    Closed,
    Message,
    Open,
    Opened,
    Start,
    ToParent,
    Unusable,
)
from receiver.isolation.process import ENDING, Process, import_path
from receiver.plugins import Hook
from receiver.plugins.binding import given_texts
from receiver.redaction import Redaction
from receiver.sink import logger

M = TypeVar("M")

CANCELLING = 1.0
"""Seconds past its deadline that an async hook may take to end, before its process is killed."""
CALM = 60.0
"""Seconds after which a process that died counts as one that had worked."""


class IsolatedSink:
    """A BoundSink whose sink lives elsewhere. Its hooks are known once it was opened."""

    starting = 60.0
    """Seconds that starting Python and importing the plugin may take."""

    def __init__(
        self,
        route: Route,
        package: str,
        *,
        random: Callable[[], float],
        trouble: Callable[[str], None],
    ) -> None:
        """`trouble` is told, for the route's status, why its process is not there.

        Raises PluginError for a plugin that another process cannot find.
        """
        if route.plugin.address is None:
            raise PluginError(
                f"route {route.name}: sink {route.plugin.name} ({route.plugin.origin}) is neither"
                " installed nor a file, and cannot run in a process of its own"
            )
        self.name = route.plugin.name
        self.route = route.name
        # Which texts are secrets the sink's own class knows, and that is not imported here.
        self.redaction = Redaction(given_texts(route.settings))
        self.log: Any = logger(route.name, self.redaction)
        self.restarts = 0
        self._route = route
        self._package = package
        self._random = random
        self._trouble = trouble
        self._hooks: dict[str, Hook] = {}
        self._crews: tuple[Remote, ...] = ()
        self._process: Process | None = None
        self._alive: set[Process] = set()
        """Every process that was begun and has not ended; those before `_process` were killed."""
        self._up = False
        self._reply: asyncio.Future[ToParent] | None = None
        self._keeping: asyncio.Task[None] | None = None

    # -- as BoundSink ------------------------------------------------------------------------------

    @property
    def hooks(self) -> frozenset[str]:
        return frozenset(self._hooks)

    @property
    def on_event(self) -> Hook | None:
        return self.hook_for("on_event")

    @property
    def on_batch(self) -> Hook | None:
        return self.hook_for("on_batch")

    def hook_for(self, hook: str) -> Hook | None:
        return self._hooks.get(hook)

    async def open(self) -> None:
        """Start the process and open the sink in it; from then on it is started again as it dies.

        Raises PluginError for a plugin that cannot be used, and whatever else went wrong.
        """
        await self._begin()
        self._keeping = asyncio.create_task(self._keep(), name=f"process of {self.route}")

    async def close(self) -> None:
        """Close the sink. Raises what went wrong there."""
        await self._stop_keeping()
        if self._up:
            self._up = False
            closed = await self._ask(Close(), Closed)
            told = result(closed.report)
            if isinstance(told, Raised):
                raise told.error

    async def release(self) -> None:
        """End the process, and see the end of those before it."""
        await self._stop_keeping()
        self._up = False
        for process in self._alive:
            process.close()
        if self._alive:
            await asyncio.wait([process.ended for process in self._alive], timeout=2 * ENDING)

    # -- what the route needs besides --------------------------------------------------------------

    @property
    def up(self) -> bool:
        """Whether the process is there, and its sink open."""
        return self._up

    def crews(self, report: Report) -> tuple[Crew, Crew]:
        """Who calls the async hooks, and who the plain ones."""
        size, deadline = self._route.concurrency, self._route.deadline
        tasks = Remote(size, deadline + CANCELLING, report, self._send, self._overdue)
        threads = Remote(min(size, THREADS), deadline, report, self._send, self._overdue)
        self._crews = (tasks, threads)
        return self._crews[0], self._crews[1]

    # -- the life of the process -------------------------------------------------------------------

    async def _begin(self) -> None:
        """Start a process, bind and open the sink in it."""
        await self.bind()
        try:
            opened = result((await self._ask(Open(), Opened)).report)
            if isinstance(opened, Raised):
                raise opened.error
        except BaseException:
            assert self._process is not None
            self._process.kill("was ended")
            raise
        self._up = True

    async def bind(self) -> None:
        """Start a process that becomes the sink. Raises PluginError where it cannot be that."""
        process = Process(
            self.route,
            log=lambda: self.log,
            clean=lambda text: self.redaction.text(text),
            received=self._received,
        )
        self._alive.add(process)
        process.ended.add_done_callback(lambda _: self._alive.discard(process))
        try:
            await process.start(self._start)
            self._process = process
            bound = await self._answer(Bound | Unusable)
            if isinstance(bound, Unusable):
                raise PluginError(bound.reason)
            self._take(bound)
        except BaseException:
            process.kill("was ended")
            raise

    async def _keep(self) -> None:
        """Start the process again whenever it dies: soon at first, ever later in a row."""
        failures = 0
        while True:
            process = self._process
            assert process is not None
            how = await asyncio.shield(process.ended)
            failures = 1 if time.monotonic() - process.began > CALM else failures + 1
            self._down(f"its process {how}", process.last_lines)
            while not self._up:
                await asyncio.sleep(pause(failures, self._random(), first=0.2))
                self.restarts += 1
                try:
                    async with asyncio.timeout(self.starting + self._route.deadline):
                        await self._begin()
                except Exception as error:  # whatever it is, it may go better next time
                    failures += 1
                    self._say("does not open in its new process", error)
            for crew in self._crews:
                crew.go_on()

    def _down(self, how: str, last_lines: str) -> None:
        self._up = False
        self.log.error(
            "the sink's process died; its calls are made again, in a new one",
            plugin=self.name,
            how=how,
        )
        self._trouble(how)
        for crew in self._crews:
            crew.died(f"{how} (sink {self.name})", last_lines)

    def _say(self, what: str, error: Exception) -> None:
        said = self.redaction.text(f"{called(error)}: {spoken(error)}")
        self.log.error(f"the sink {what}; trying on", plugin=self.name, error=said)
        self._trouble(f"{what}: {said}")

    async def _stop_keeping(self) -> None:
        keeping, self._keeping = self._keeping, None
        if keeping is not None:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping

    def _overdue(self) -> None:
        if self._process is not None:
            limit = self._route.deadline
            self._process.kill(f"was ended: a call took longer than its {limit:g} s")

    # -- what is said ------------------------------------------------------------------------------

    def _start(self, output: int | None) -> Start:
        route = self._route
        assert route.plugin.address is not None
        return Start(
            route=route.name,
            plugin=route.plugin.name,
            origin=route.plugin.origin,
            address=route.plugin.address,
            settings=dict(route.settings),
            base=None if route.base is None else str(route.base),
            package=self._package,
            concurrency=route.concurrency,
            deadline=route.deadline,
            memory=route.memory,
            parent=os.getpid(),
            path=import_path(),
            pythonpath=os.environ.get("PYTHONPATH"),
            output=output,
        )

    def _take(self, bound: Bound) -> None:
        def elsewhere(_argument: Any) -> Any:
            raise RuntimeError("this hook is called in another process")

        self._hooks = {
            hook.name: Hook(hook.name, elsewhere, hook.asynchronous) for hook in bound.hooks
        }
        self.redaction = Redaction(bound.secrets)
        self.log = logger(self.route, self.redaction)

    def _send(self, message: Message) -> bool:
        if self._up and self._process is not None:
            self._process.send(message)
            return True
        return False

    async def _ask(self, message: Message, answer: type[M]) -> M:
        assert self._process is not None
        self._process.send(message)
        told: M = await self._answer(answer)
        return told

    async def _answer(self, expected: Any) -> Any:
        """What the process says next that is no Answer; raises Foreign when it dies instead."""
        assert self._process is not None
        reply = self._reply = asyncio.get_running_loop().create_future()
        process = self._process
        await asyncio.wait([reply, process.ended], return_when=asyncio.FIRST_COMPLETED)
        if reply.done() and isinstance(reply.result(), expected):
            return reply.result()
        if not process.ended.done():
            process.kill("was ended: it said something else than it was asked")
        how = await asyncio.shield(process.ended)
        raise Foreign("ProcessDied", f"its process {how}", process.last_lines)

    def _received(self, message: ToParent) -> None:
        if isinstance(message, Answer):
            for crew in self._crews:
                crew.answered(message.number, message.report)
        elif self._reply is not None and not self._reply.done():
            self._reply.set_result(message)
