"""Keeps one child process running: backstage, beside the web workers that gunicorn looks after.

It is started by exec, never by fork alone, so that nothing of ours is open in it. It is started
again when it ends, later each time that it fails at once. It tells by a byte in a pipe now and then
that it is alive; when it does not for a while, it is ended with all stacks on record (SIGABRT).
Called from one thread, about once a second; nothing here blocks but `wait`, and `abort` for MOMENT.
Must not know: what the child does, gunicorn.
"""

from __future__ import annotations

import contextlib
import logging
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from receiver.backoff import pause

PULSE = "RECEIVER_PULSE"
"""The variable that tells the child the descriptor for its signs of life, and who reads them:
`DESCRIPTOR:PROCESS`."""

SILENCE = 15.0
"""Seconds without a sign of life after which the child is ended."""
FIRST_SIGN = 60.0
"""Seconds until the first one: it has its start to do before."""
DUMPING = 3.0
"""Seconds that it has to write its stacks."""
STEADY = 30.0
"""Seconds after which a child that ends is started again as if it were the first time."""
LONGEST_PAUSE = 10.0
MOMENT = 0.2
"""Seconds for which it is looked at which thread computes, before an end with stacks: longer than
any other program has the processor at a time."""
BLINK = 2.0
"""Between two looks no more than this counts: we may have been stopped ourselves."""

_log = logging.getLogger("receiver.supervisor")


class Supervisor:
    """The child's life. `start`, then `tick` again and again, then `begin_stop` and `wait`."""

    def __init__(
        self,
        command: Sequence[str],
        name: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        silence: float = SILENCE,
    ) -> None:
        self._command = list(command)
        self._name = name
        self._clock = clock
        self._chance = chance
        self._silence = silence
        self._child: subprocess.Popen[bytes] | None = None
        self._pulse = -1
        self._started = self._looked = 0.0
        self._silent = 0.0
        self._heard = False
        self._aborted: float | None = None
        self._failures = 0
        self._next: float | None = None
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """The child's process number, while there is one."""
        return self._child.pid if self._child is not None else None

    def start(self) -> None:
        """Start the child."""
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        try:
            self._child = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
                self._command,
                stdin=subprocess.DEVNULL,
                pass_fds=[writing],
                env={**os.environ, PULSE: f"{writing}:{os.getpid()}"},
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self._pulse = reading
        self._started = self._looked = self._clock()
        self._silent, self._heard, self._aborted, self._next = 0.0, False, None, None
        _log.info("%s started (pid %d)", self._name, self._child.pid)

    def tick(self) -> None:
        """See how the child is, and do what is to be done about it."""
        now = self._clock()
        if self._child is not None:
            status = self._child.poll()
            if status is None:
                self._listen(now)
            else:
                self._ended(status, now)
        if self._child is None and self._next is not None and now >= self._next:
            try:
                self.start()
            except OSError as error:
                self._later(now, f"could not be started: {error}")

    def send(self, number: signal.Signals) -> None:
        """Send the child a signal, if there is one."""
        if self._child is not None:
            self._child.send_signal(number)

    def begin_stop(self) -> None:
        """Have the child end by itself, and start it no more."""
        self._stopping, self._next = True, None
        self.send(signal.SIGTERM)

    def wait(self, seconds: float) -> None:
        """Wait for the child to end; after `seconds` it is killed."""
        if self._child is None:
            return
        try:
            self._child.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            _log.error("%s did not end within %g s and was killed", self._name, seconds)
            self._child.kill()
            self._child.wait()
        self._forget()

    def _listen(self, now: float) -> None:
        self._silent += min(now - self._looked, BLINK)
        self._looked = now
        with contextlib.suppress(BlockingIOError):
            if os.read(self._pulse, 4096):
                self._silent, self._heard = 0.0, True
        if self._aborted is not None:
            if now - self._aborted > DUMPING:
                self.send(signal.SIGKILL)
        elif self._silent > (self._silence if self._heard else FIRST_SIGN):
            _log.critical(
                "%s (pid %s) has given no sign of life for %.0f s: ending it",
                self._name,
                self.pid,
                self._silent,
            )
            self._aborted = now
            if self._child is not None:
                with contextlib.suppress(ProcessLookupError):  # it has ended: the next look tells
                    abort(self._child.pid)

    def _ended(self, status: int, now: float) -> None:
        self._forget()
        if self._stopping:
            return
        self._failures = 1 if now - self._started > STEADY else self._failures + 1
        self._later(now, f"ended ({_spoken(status)})")

    def _later(self, now: float, what: str) -> None:
        wait = pause(max(1, self._failures), self._chance(), first=0.25, cap=LONGEST_PAUSE)
        self._next = now + wait
        _log.error(
            "%s %s; events are still taken in; starting it again in %.1f s", self._name, what, wait
        )

    def _forget(self) -> None:
        self._child = None
        if self._pulse >= 0:
            os.close(self._pulse)
            self._pulse = -1


def abort(pid: int) -> None:
    """Send SIGABRT to a process of this system, to the thread that computes where there is one.

    Of a process that stands still because one thread keeps the interpreter's lock, that thread is
    the one which runs, as a rule: where it takes the signal, faulthandler calls it the current one.
    (It may be another that computes without the lock while the guilty one sleeps with it; once that
    one has a process of its own, the next time shows the other.) Linux gives a signal that is sent
    to a thread's number to that thread if it can take it.
    Raises ProcessLookupError where there is no such process.
    """
    try:
        os.kill(_computing(pid) or pid, signal.SIGABRT)
    except ProcessLookupError:  # the thread has just ended
        os.kill(pid, signal.SIGABRT)


def _computing(pid: int) -> int | None:
    """The thread that has most of what a process uses of the processors just now, if one has."""
    before = _used(pid)
    time.sleep(MOMENT)
    grown = {thread: used - before.get(thread, used) for thread, used in _used(pid).items()}
    busiest = max(grown, key=grown.__getitem__, default=None)
    if busiest is None or grown[busiest] < max(sum(grown.values()) / 2, MOMENT / 20):
        return None
    return busiest


def _used(pid: int) -> dict[int, float]:
    """Seconds of a processor that each thread has used (schedstat of proc(5), nanoseconds)."""
    used: dict[int, float] = {}
    for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            used[int(file.parent.name)] = int(file.read_text().split()[0]) / 1e9
    return used


def _spoken(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
