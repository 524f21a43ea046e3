"""A stage in a thread with an event loop of its own, so that no sink delays what comes in.

Must not know: what is delivered.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from receiver.backstage.stage import Stage
from receiver.dispatch import Dispatcher, Route, culprit
from receiver.dispatch import loop as own_loop
from receiver.dispatch.outcome import named, spoken
from receiver.errors import ReceiverError
from receiver.plugins import Plugin
from receiver.settings import Configuration

LEAVING = 10.0
"""Seconds beyond `server.grace` in which routes end their calls, write down and close."""

_log = logging.getLogger("receiver.backstage")


class Backstage:
    """Runs a stage beside a server in the same process."""

    def __init__(
        self,
        make: Callable[[], Stage],
        delivered: Sequence[Route],
        *,
        grace: float,
        ended: Callable[[], None],
    ) -> None:
        """`make` is called on the thread's loop, which delivers for the routes `delivered`.

        `ended` is called in that thread when it ends, asked to or not; `stop` then tells why.
        """
        self._make = make
        self._delivered = delivered
        self._patience = min(grace + LEAVING, threading.TIMEOUT_MAX)
        self._ended = ended
        self._thread = threading.Thread(target=self._main, name="backstage", daemon=True)
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stage: Stage | None = None
        self._dispatcher: Dispatcher | None = None
        self._error: BaseException | None = None

    @property
    def running(self) -> bool:
        """Whether its thread has not ended."""
        return self._thread.is_alive()

    @property
    def unfinished(self) -> list[str]:
        """The routes of which a call goes on; to be asked after `stop`."""
        return self._dispatcher.unfinished() if self._dispatcher is not None else []

    @property
    def present(self) -> tuple[Configuration, Mapping[str, Plugin]] | None:
        """See Stage.present; None before it has begun."""
        return self._stage.present if self._stage is not None else None

    def route(self, name: str) -> Route | None:
        """See Stage.route."""
        return self._stage.route(name) if self._stage is not None else None

    async def settled(self, revision: int) -> None:
        """See Stage.settled; asked on another loop."""
        await settled(self._loop, self._stage, revision)

    def start(self) -> None:
        """Begin to deliver; returns when every route is registered, raises why that failed."""
        self._thread.start()
        self._started.wait()
        self._raise()

    def stop(self) -> None:
        """Let what is under way end, for `server.grace` and LEAVING at most.

        Raises ReceiverError when delivering has ended before, with the reason.
        """
        loop, stage = self._loop, self._stage
        if loop is not None and stage is not None:
            with suppress(RuntimeError):  # what a closed loop raises
                loop.call_soon_threadsafe(stage.stop)
        self._thread.join(self._patience)
        self._raise()

    def _raise(self) -> None:
        error = self._error
        if isinstance(error, ReceiverError):
            raise error
        if error is not None:
            told = blamed(error, self._delivered)
            raise ReceiverError(f"nothing is delivered any more: {told}") from error

    async def checks(self) -> dict[str, str | None]:
        """See Stage.checks; asked on another loop."""
        return await asked(self._loop, self._stage)

    def _main(self) -> None:
        try:
            own_loop.run(self._run(), stray_of(self._delivered))
        except BaseException as error:
            self._error = error
        finally:
            self._started.set()
            self._ended()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stage = self._make()
        await self._stage.run(ready=self._begun)

    def _begun(self) -> None:
        assert self._stage is not None
        self._dispatcher = self._stage.dispatcher
        self._started.set()


def stray_of(delivered: Sequence[Route]) -> Callable[[BaseException], None]:
    """What tells of a task that a sink began and that ended the hard way."""

    def tell(error: BaseException) -> None:
        told = blamed(error, delivered)
        _log.error("a task that a sink began has ended, deliveries go on: %s", told)

    return tell


def blamed(error: BaseException, delivered: Sequence[Route]) -> str:
    """An exception in words, with the sink that raised it where that can be told."""
    plugin = culprit(error, delivered)
    said = ": ".join(part for part in (named(error), spoken(error)) if part)
    return said + (f" (sink {plugin})" if plugin else "")


async def settled(
    loop: asyncio.AbstractEventLoop | None, stage: Stage | None, revision: int
) -> None:
    """Returns when a stage that lives on another loop goes by a revision, or does not run."""
    if loop is None or stage is None or loop.is_closed():
        return
    with suppress(RuntimeError):  # what a loop raises that is being closed
        settling = asyncio.run_coroutine_threadsafe(stage.settled(revision), loop)
        await asyncio.wrap_future(settling)


async def asked(
    loop: asyncio.AbstractEventLoop | None, stage: Stage | None
) -> dict[str, str | None]:
    """The checks of a stage that lives on another loop; a loop that stands still is a fault."""
    if loop is None or stage is None or loop.is_closed():
        return {"dispatcher": "it does not run"}
    try:
        asking = asyncio.run_coroutine_threadsafe(stage.checks(), loop)
        return await asyncio.wait_for(asyncio.wrap_future(asking), 4.0)
    except (TimeoutError, RuntimeError):
        return {"dispatcher": "it does not answer: a hook holds up its event loop"}
