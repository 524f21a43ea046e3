"""The program that a sink's process runs: becomes the sink that it is told to be, and is called.

Started by `receiver.isolation.process`, with the descriptor of its socket. It ends when the socket
does. Must not know: the inbox, what becomes of an outcome.
"""

from __future__ import annotations

import asyncio
import faulthandler
import inspect
import os
import socket
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from receiver import tracing
from receiver.catalogue import Catalogue, load
from receiver.dispatch.calls import Crew, Job
from receiver.dispatch.outcome import Raised
from receiver.dispatch.tasks import Tasks
from receiver.dispatch.threads import Threads, once
from receiver.errors import ReceiverError
from receiver.event import Event
from receiver.isolation import journal
from receiver.isolation.confines import confine
from receiver.isolation.frames import (
    Answer,
    Bound,
    Call,
    Close,
    Closed,
    Frames,
    Implemented,
    Letter,
    Message,
    Open,
    Opened,
    Report,
    Start,
    ToChild,
    Unusable,
    frame,
    to_child,
)
from receiver.isolation.telling import told
from receiver.plugins import BoundSink, Hook, anchored, bind
from receiver.plugins.discovery import found_at
from receiver.sink import secrets
from receiver.tracing import around

NEVER = 1e9
"""Seconds; the parent watches over plain hooks, for only it can end them."""
CLOSING = 5.0
"""Seconds that a sink's `close` may take."""
BROKEN = 71
"""The exit status when something here fails that is none of the sink's (EX_OSERR)."""


@dataclass(frozen=True, slots=True)
class Errand(Job):
    """A call for the parent."""

    number: int = 0


class Child(asyncio.Protocol):
    """One sink, called over a socket."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._frames = Frames()
        self._outgoing: list[bytes] = []
        self._transport: Any = None
        self._start: Start | None = None
        self._catalogue: Catalogue | None = None
        self._sink: BoundSink | None = None
        self._tasks: Crew | None = None
        self._threads: Crew | None = None
        self._working: set[asyncio.Task[None]] = set()
        self.over: asyncio.Future[None] = self._loop.create_future()

    # -- what the loop calls -----------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for body in self._frames.feed(data):
            self._take(to_child.decode(body))

    def connection_lost(self, error: Exception | None) -> None:
        if not self.over.done():
            self.over.set_result(None)

    # -- what the parent says ----------------------------------------------------------------------

    def _take(self, message: ToChild) -> None:
        match message:
            case Call():
                self._call(message)
            case Start():
                self._become(message)
            case Open():
                self._do(self._open())
            case Close():
                self._do(self._close())

    def _do(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    def _become(self, start: Start) -> None:
        """Be the sink that the parent wants, within its limits."""
        _settle_in(start)
        self._start = start
        tracing.configure()
        try:
            self._catalogue = load(start.package)
            plugin = found_at(start.plugin, start.origin, start.address)
            settings = start.settings
            if start.base is not None:
                settings = anchored(plugin, settings, Path(start.base))
            sink = bind(plugin, start.route, settings, self._catalogue.hookspecs)
        except ReceiverError as error:
            self._say(Unusable(str(error)))
            return
        if getattr(plugin.load(), "prints", False) and start.output is not None:
            os.dup2(start.output, 1)
        self._sink = sink
        self._tasks = Tasks(start.concurrency, start.deadline, self._report, lambda: None)
        self._threads = Threads(start.route, start.concurrency, NEVER, self._report, lambda: None)
        hooks = [
            Implemented(name, hook.asynchronous)
            for name in sorted(sink.hooks)
            if (hook := sink.hook_for(name))
        ]
        self._say(Bound(hooks, list(secrets(getattr(sink.sink, "settings", None)))))

    async def _open(self) -> None:
        assert self._sink is not None
        assert self._start is not None
        result = await once(self._sink.open, self._start.deadline) if self._sink.open else None
        self._say(Opened(self._told(result if isinstance(result, Raised) else None)))

    async def _close(self) -> None:
        assert self._sink is not None
        for crew in (self._tasks, self._threads):
            assert crew is not None
            await crew.leave()
        result = await once(self._sink.close, CLOSING) if self._sink.close else None
        await self._sink.release()
        await tracing.leave()
        self._say(Closed(self._told(result if isinstance(result, Raised) else None)))

    def _call(self, call: Call) -> None:
        assert self._sink is not None
        hook = self._sink.hook_for(call.hook)
        assert hook is not None, "the parent knows the hooks from here"
        events = [self._event(letter) for letter in call.letters]
        assert self._start is not None
        traced = around(hook.call, self._start.route, events, asynchronous=hook.asynchronous)
        hook = replace(hook, call=traced)
        argument = events if call.listed else events[0]
        self._crew(hook).put(Errand(hook, argument, (), call.listed, call.number))

    # -- what comes of it --------------------------------------------------------------------------

    def _crew(self, hook: Hook) -> Crew:
        crew = self._tasks if hook.asynchronous else self._threads
        assert crew is not None
        return crew

    def _report(self, job: Job, result: Any, _seconds: float) -> None:
        assert isinstance(job, Errand)
        if result is not None and not job.hook.asynchronous and inspect.isawaitable(result):
            # A plain function that returned a coroutine: an async one behind a decorator.
            waiting = Hook(job.hook.name, lambda _argument: result, asynchronous=True)
            self._crew(waiting).put(replace(job, hook=waiting))
            return
        most = len(job.argument) if job.batch else 0
        self._say(Answer(job.number, self._told(result, most)))

    def _told(self, result: Any, most: int = 0) -> Report:
        assert self._sink is not None
        return told(result, self._sink.redaction, most=most)

    def _event(self, letter: Letter) -> Event[Any]:
        assert self._catalogue is not None
        return Event(
            seq=letter.seq,
            id=letter.id,
            source=letter.source,
            type=letter.type,
            key=letter.key,
            time=letter.time,
            received_at=letter.received_at,
            node=letter.node,
            user=letter.user,
            raw=letter.raw,
            attempt=letter.attempt,
            replay=letter.replay,
            released=letter.released,
            trace=letter.trace,
            decoder=self._catalogue.decoder(letter.source, letter.type),
        )

    def _say(self, message: Message) -> None:
        """Tell the parent; what is said in one turn of the loop goes out together."""
        if not self._outgoing:
            self._loop.call_soon(self._flush)
        self._outgoing.append(frame(message))

    def _flush(self) -> None:
        data, self._outgoing = b"".join(self._outgoing), []
        self._transport.write(data)


def _settle_in(start: Start) -> None:
    """Take on the parent's view of modules, and the limits."""
    confine(start.memory, start.parent)
    sys.path[:] = start.path
    if start.pythonpath is None:
        os.environ.pop("PYTHONPATH", None)
    else:
        os.environ["PYTHONPATH"] = start.pythonpath
    if start.output is not None:
        os.set_inheritable(start.output, False)


async def _live(socket_number: int) -> None:
    connection = socket.socket(fileno=socket_number)
    connection.set_inheritable(False)
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    _, child = await loop.create_connection(Child, sock=connection)
    await child.over
    _leave(0)  # here: a hook may not let the loop end


def _leave(status: int) -> None:
    with suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


def main() -> None:
    """Live until the socket ends, then end without waiting for anybody."""
    faulthandler.enable()
    journal.configure()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    try:
        asyncio.run(_live(int(sys.argv[1])))
    except SystemExit as error:  # of a task that a sink has begun
        _leave(error.code if isinstance(error.code, int) else 1)
    except BaseException:
        traceback.print_exc()
        _leave(BROKEN)


if __name__ == "__main__":
    main()
