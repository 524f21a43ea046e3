"""A stage in a thread with an event loop of its own, so that no sink delays what comes in.

Must not know: what is delivered.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from receiver.backstage.stage import Stage


class Backstage:
    """Runs a stage beside a server in the same process."""

    def __init__(self, make: Callable[[], Stage]) -> None:
        """`make` is called on the thread's loop."""
        self._make = make
        self._thread = threading.Thread(target=self._main, name="backstage", daemon=True)
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stage: Stage | None = None
        self._error: BaseException | None = None

    def start(self) -> None:
        """Begin to deliver; returns when every route is registered, raises why that failed."""
        self._thread.start()
        self._started.wait()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Let what is under way end; raises what ended it before."""
        loop, stage = self._loop, self._stage
        if loop is not None and stage is not None and not loop.is_closed():
            loop.call_soon_threadsafe(stage.stop)
        self._thread.join()
        if self._error is not None:
            raise self._error

    async def checks(self) -> dict[str, str | None]:
        """See Stage.checks; asked on another loop."""
        return await asked(self._loop, self._stage)

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:
            self._error = error
        finally:
            self._started.set()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stage = self._make()
        await self._stage.run(ready=self._started.set)


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
