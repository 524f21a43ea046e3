"""The event loop that deliveries have to themselves, whatever plugins do to it.

`asyncio.run` ends with the first `sys.exit` in any task, and waits at its end for every task that
goes on though cancelled; this one does neither. Must not know: routes, the inbox.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

LEAVING = 1.0
"""Seconds that tasks which are left over have to end once they are cancelled."""

_left: set[asyncio.Task[Any]] = set()
"""Tasks that could not be ended; kept, so that none wakes up to be destroyed."""


def run(main: Coroutine[Any, Any, T], stray: Callable[[BaseException], None]) -> T:
    """Run `main` on a new loop, and return what it returns; then cancel what is left.

    `stray` is told of each SystemExit and KeyboardInterrupt that another task ended with.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        task = loop.create_task(main)
        _until_done(loop, task, stray)
        left = asyncio.all_tasks(loop)
        for each in left:
            each.cancel()
        left.add(loop.create_task(loop.shutdown_asyncgens()))
        ending = loop.create_task(asyncio.wait(left, timeout=LEAVING))
        _until_done(loop, ending, stray)
        _left.update(task for task in left if not task.done())
        return task.result()
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _until_done(
    loop: asyncio.AbstractEventLoop,
    task: asyncio.Task[Any],
    stray: Callable[[BaseException], None],
) -> None:
    task.add_done_callback(lambda _: loop.stop())
    while not task.done():  # a plugin may stop the loop, too
        try:
            loop.run_forever()
        except (SystemExit, KeyboardInterrupt) as error:
            if not task.done():
                stray(error)
