"""Watches the event loop that delivers: a hook that holds it up costs a restart, and is named.

In the process of backstage, on its running loop:

    routes = watchdog.confined(folder, routes)  # who held it up gets a process of its own
    watchdog.arm(folder)  # once, after that: where the interpreter dumps stacks when it dies
    watching = Watchdog(dispatcher, folder, pulse=Pulse(fd))
    watching.start()
    …
    watching.stop()

When the loop stands still, or a call burns CPU so that it starves, the stacks of all threads go to
standard error, the route to `stuck.json`, and the process ends with STUCK; who supervises it starts
it again. A loop of C code that keeps the interpreter's lock stops this watch too: then the pulse is
silent, the supervisor sends SIGABRT, and what `arm` prepared writes the stacks.
Must not know: who supervises, how a route is run in a process of its own.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from receiver.dispatch import Route, UnderWay
from receiver.redaction import Redaction
from receiver.sink import logger
from receiver.stuck import Stuck, arm, confined, named_by_file, remember, stuck_routes

__all__ = [
    "LIMIT",
    "STUCK",
    "Pulse",
    "Stuck",
    "Watchdog",
    "arm",
    "confined",
    "stuck_routes",
]

LIMIT = 10.0
"""Seconds that the loop may stand still, or one call may burn CPU so that the loop starves."""
STUCK = 70
"""The exit status of a process that its watchdog ended (EX_SOFTWARE of sysexits.h)."""
INTERVAL = 0.5
"""Seconds from one look to the next."""
LAG = 0.002
"""Seconds that the loop answers late, on average, when it starves. One thread that computes in
Python makes it 0.004, four 0.025; it is 0.0002 without."""
BURNING = 0.3
"""Of one processor; what the calls of a route that are older than the limit use, to be blamed."""


class Pulse:
    """Tells a supervisor, through a pipe, that the loop is alive: a byte for each tick."""

    def __init__(self, pipe: int) -> None:
        """`pipe` is the writing end, ours from now on."""
        os.set_blocking(pipe, False)
        os.set_inheritable(pipe, False)
        self._pipe = pipe

    def beat(self) -> None:
        # A full pipe is not read just now; a closed one says itself that nobody supervises.
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(self._pipe, b".")


class Delivering(Protocol):
    """What is asked of a dispatcher, from another thread than the loop's."""

    @property
    def routes(self) -> Sequence[Route]: ...

    def under_way(self) -> Iterable[UnderWay]: ...


class Watchdog:
    """A thread that watches the running loop on which it was started."""

    def __init__(
        self,
        dispatcher: Delivering,
        folder: Path,
        *,
        pulse: Pulse | None = None,
        limit: float = LIMIT,
        leave: Callable[[int], Any] = os._exit,
    ) -> None:
        """`folder` is the store's. `leave` is called with STUCK, and ends the process."""
        self._dispatcher = dispatcher
        self._folder = folder
        self._pulse = pulse
        self._limit = limit
        self._interval = min(INTERVAL, limit / 4)
        self._leave = leave
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_thread = 0
        self._asked = 0.0
        self._answered = True
        self._lags: deque[float] = deque(maxlen=max(2, int(limit / self._interval)))
        self._burnt: dict[tuple[int, float], float] = {}
        """What a thread had used of the processor when a call of it was first seen."""
        self._log: Any = logger("", Redaction())

    def start(self) -> None:
        """Watch the running loop, from now on."""
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._thread.start()

    def stop(self) -> None:
        """Watch no more; what a shutdown takes long for is nobody's fault."""
        self._stopped.set()

    def _watch(self) -> None:
        assert self._loop is not None
        missed = 0.0  # counted in looks: a process that was stopped for a while missed one only
        while not self._stopped.wait(self._interval):
            missed = 0.0 if self._answered else missed + self._interval
            if self._answered:
                self._answered, self._asked = False, time.monotonic()
                try:
                    self._loop.call_soon_threadsafe(self._tick)
                except RuntimeError:  # the loop is closed
                    return
            starving = missed > 0 or self._lag() >= LAG
            burning = self._burning()
            if burning and starving:
                self._give_up(burning, "burns CPU and does not end")
            elif missed >= self._limit:
                self._give_up(self._holding(), "holds the event loop")
            else:
                continue
            return

    def _tick(self) -> None:
        self._lags.append(time.monotonic() - self._asked)
        self._answered = True
        if self._pulse is not None:
            self._pulse.beat()

    def _lag(self) -> float:
        lags = list(self._lags)
        return sum(lags) / len(lags) if lags else 0.0

    def _burning(self) -> dict[str, str]:
        """The routes with calls that have computed for too long, and where they are."""
        now = time.monotonic()
        calls = [call for call in self._dispatcher.under_way() if call.thread is not None]
        seen: dict[tuple[int, float], float] = {}
        shares: dict[str, float] = {}
        for call in calls:
            assert call.thread is not None
            used = cpu_seconds(call.thread)
            if used is None:
                continue
            key = (call.thread, call.since)
            seen[key] = self._burnt.get(key, used)
            age = now - call.since
            if age >= self._limit:
                shares[call.route] = shares.get(call.route, 0.0) + (used - seen[key]) / age
        self._burnt = seen
        burning = {route for route, share in shares.items() if share >= BURNING}
        if not burning:
            return {}
        frames = _frames()
        return {
            call.route: _stack(frames.get(call.thread or 0))
            for call in calls
            if call.route in burning and now - call.since >= self._limit
        }

    def _holding(self) -> dict[str, str]:
        """The route whose code the loop is in, and where; empty where that cannot be told."""
        assert self._loop is not None
        frame = sys._current_frames().get(self._loop_thread)
        stack = _stack(frame)
        task = asyncio.current_task(self._loop)
        for call in self._dispatcher.under_way():
            if task is not None and call.task is task:
                return {call.route: stack}
        files = [entry.f_code.co_filename for entry in _from_inner(frame)]
        return {route.name: stack for route in named_by_file(files, self._dispatcher.routes)}

    def _give_up(self, blamed: dict[str, str], why: str) -> None:
        """Say who it was, write it down, and end the process."""
        with suppress(OSError, ValueError):  # nobody may be there to read it
            faulthandler.dump_traceback(sys.__stderr__ or sys.stderr, all_threads=True)
        try:
            found = {route.name: route for route in self._dispatcher.routes}
            at = time.time()
            stuck = [
                Stuck.of(found[name], f"a hook {why}", stack, at)
                for name, stack in blamed.items()
                if name in found
            ]
            for each in stuck:
                self._log.critical(
                    f"a hook of sink {each.plugin} {why}; ending this process, after that the route"
                    " gets a process of its own",
                    route=each.route,
                    plugin=each.plugin,
                    stack=each.stack,
                )
            if not stuck:
                self._log.critical("something that is no hook holds the event loop; ending here")
            remember(self._folder, stuck)
        finally:
            self._leave(STUCK)


def cpu_seconds(thread: int) -> float | None:
    """Seconds of processor time that a thread of this process has used; None where not told.

    Fields 14 and 15 of /proc/self/task/TID/stat, after the name in brackets (proc(5)).
    """
    try:
        text = Path(f"/proc/self/task/{thread}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _frames() -> dict[int, FrameType]:
    """The innermost frame of each thread, by the operating system's number of it."""
    frames = sys._current_frames()
    return {
        thread.native_id: frames[thread.ident]
        for thread in threading.enumerate()
        if thread.native_id is not None and thread.ident in frames
    }


def _from_inner(frame: FrameType | None) -> Iterable[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _stack(frame: FrameType | None) -> str:
    return "" if frame is None else "".join(traceback.format_stack(frame))
