"""The parent's end of a sink's process: starts it, talks with it, ends it, tells how it died.

Must not know: sinks' hooks, what is said.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any, TypeVar

from receiver.isolation.frames import LONGEST, Frames, Message, ToParent, frame, to_parent
from receiver.isolation.output import Output

T = TypeVar("T")

LAST_WORDS = 0.5
"""Seconds after its end in which what a process had still said is read."""
ENDING = 2.0
"""Seconds that a process may take to end when its socket is closed."""


class Process(asyncio.Protocol):
    """One process, from start to end; made and used on a running loop.

    Start it on the thread that lives as long as it: Linux ends it when that thread ends.
    """

    def __init__(
        self,
        route: str,
        *,
        log: Callable[[], Any],
        clean: Callable[[str], str],
        received: Callable[[ToParent], None],
    ) -> None:
        """`route` is for who looks at the list of processes; for the rest see Output."""
        self._route = route
        self._received = received
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[str] = self._loop.create_future()
        """How it died; there when everything that it had said has been received."""
        self.began = time.monotonic()
        self._killed: str | None = None
        self._status: int | None = None
        self._frames = Frames(LONGEST)
        self._outgoing: list[bytes] = []
        self._transport: Any = None
        self._speaking = 3
        self._outputs = [
            Output("stdout", log, clean, self._silent),
            Output("stderr", log, clean, self._silent),
        ]
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def last_lines(self) -> str:
        """What it printed last on standard error."""
        return "\n".join(self._outputs[1].last)

    async def start(self, first: Callable[[int | None], Message]) -> None:
        """Start it. `first` makes the first message, of the descriptor of our standard output.

        Raises OSError.
        """
        try:
            ours, pipes, output = self._spawn()
        except BaseException:
            self.ended.set_result("was not started")
            raise
        threading.Thread(target=self._await_end, name="sink's process", daemon=True).start()
        # Who does not wait any more still ends it, and only what is connected is closed then.
        await asyncio.shield(self._connect(ours, pipes))
        self.send(first(output))

    async def _connect(self, ours: socket.socket, pipes: list[FileIO]) -> None:
        await self._loop.create_connection(lambda: self, sock=ours)
        for pipe, reader in zip(pipes, self._outputs, strict=True):
            await self._loop.connect_read_pipe(partial(_same, reader), pipe)

    def _spawn(self) -> tuple[socket.socket, list[FileIO], int | None]:
        """Our ends of its socket and of its output, and what our own output is called there."""
        ours, theirs = socket.socketpair()
        pipes = [os.pipe(), os.pipe()]
        reading = [os.fdopen(pipe[0], "rb", buffering=0) for pipe in pipes]
        output = _standard_output()
        given = [theirs.fileno(), *([] if output is None else [output])]
        # -P: the working directory is no place to import from
        program = (sys.executable, "-P", "-m", "receiver.isolation.child")
        try:
            self._popen = subprocess.Popen(  # noqa: S603 (ourselves)
                [*program, str(theirs.fileno()), self._route],
                stdin=subprocess.DEVNULL,
                stdout=pipes[0][1],
                stderr=pipes[1][1],
                pass_fds=given,
                process_group=0,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(import_path())},
            )
        except BaseException:
            ours.close()
            for pipe in reading:
                pipe.close()
            raise
        finally:
            theirs.close()
            for descriptor in (pipes[0][1], pipes[1][1], *given[1:]):
                os.close(descriptor)
        return ours, reading, output

    def send(self, message: Message) -> None:
        """Tell it something; what is said in one turn of the loop goes out together."""
        if not self._outgoing:
            self._loop.call_soon(self._flush)
        self._outgoing.append(frame(message))

    def close(self) -> None:
        """End it, in peace where it listens, else after ENDING seconds."""
        self._killed = self._killed or "was closed"
        if self._transport is not None:
            self._flush()
            self._transport.close()
        self._loop.call_later(ENDING, self.kill, "did not end")

    def kill(self, why: str) -> None:
        """End it now, and what it has started. `why` goes on from "its process …"."""
        self._killed = self._killed or why
        if self._popen is not None and self._status is None:
            _kill_group(self._popen.pid)

    # -- what the loop calls -----------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            for body in self._frames.feed(data):
                self._received(to_parent.decode(body))
        except ValueError as error:  # what is broken in there may be anything
            self.kill(f"was ended: it wrote nonsense to its parent ({error})")

    def connection_lost(self, error: Exception | None) -> None:
        self._loop.call_later(LAST_WORDS, self.kill, "was ended: it closed its connection")
        self._silent()

    def _flush(self) -> None:
        data, self._outgoing = b"".join(self._outgoing), []
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _silent(self) -> None:
        self._speaking -= 1
        if self._speaking == 0 and self._status is not None:
            self._over()

    def _await_end(self) -> None:
        """Wait for its end, in a thread: only so is it noticed whatever it did to its socket."""
        assert self._popen is not None
        pid = self._popen.pid
        if hasattr(os, "waitid"):
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            _kill_group(pid)  # what it has started; its number is not free before the next line
        status = self._popen.wait()
        with suppress(RuntimeError):  # the loop is closed: nobody wants to know any more
            self._loop.call_soon_threadsafe(self._exited, status)

    def _exited(self, status: int) -> None:
        self._status = status
        if self._speaking == 0:
            self._over()
        else:
            self._loop.call_later(LAST_WORDS, self._over)

    def _over(self) -> None:
        if not self.ended.done():
            assert self._status is not None
            if self._transport is not None:
                self._transport.abort()
            for output in self._outputs:
                output.close()
            self.ended.set_result(self._killed or manner(self._status))


def _same(value: T) -> T:
    return value


def manner(status: int) -> str:
    """How a process ended, by its exit status as `subprocess` gives it."""
    if status >= 0:
        return f"ended with exit status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    said = signal.strsignal(-status)
    more = ", perhaps for want of memory" if -status == signal.SIGKILL else ""
    return f"was killed by {name}{f' ({said}{more})' if said else ''}"


def import_path() -> list[str]:
    """Where this process imports from; the empty string, the working directory, by its name."""
    return [path or str(Path.cwd()) for path in sys.path]


def _standard_output() -> int | None:
    """A copy of the descriptor of our standard output; None where there is none."""
    try:
        return os.dup(1)
    except OSError:
        return None


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
