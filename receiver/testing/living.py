"""What a sink promises about its life: it opens, closes, and leaves nothing behind.

Must not know: what it does with events.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from receiver.sink import Sink
from receiver.testing.subject import Subject, broken, run

DESCRIPTORS = Path("/dev/fd")
PATIENCE = 2.0
"""Seconds that the operating system may take to end what was closed."""


def _open_files() -> int:
    return sum(1 for _ in DESCRIPTORS.iterdir())


def settled(reached: Callable[[], bool]) -> bool:
    """Whether something comes true within PATIENCE."""
    until = time.monotonic() + PATIENCE
    while not reached():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


class Living:
    """Tests of opening and closing."""

    def test_it_opens_and_closes(self, subject: Subject) -> None:
        async def go() -> None:
            async with subject.opened():
                pass

        try:
            run(go())
        except Exception as error:
            broken(
                "`open` and `close` raise nothing while its target is there, events or not",
                f"{type(error).__name__}: {error}",
            )

    def test_it_works_again_after_a_restart(self, subject: Subject) -> None:
        for _ in range(2):
            subject.must_deliver(
                subject.events()[:1], "a new instance delivers where the last one was closed"
            )

    def test_closing_leaves_no_thread_behind(self, subject: Subject) -> None:
        subject.deliver(subject.events()[:1])  # what a library starts once and for all
        before = set(threading.enumerate())
        subject.deliver(subject.events()[:1])

        def left() -> list[str]:
            return [t.name for t in threading.enumerate() if t not in before and t.is_alive()]

        if not settled(lambda: not left()):
            broken("`close` ends every thread that it started", f"left: {', '.join(left())}")

    def test_closing_leaves_no_task_behind(self, subject: Subject) -> None:
        async def go() -> list[str]:
            before = asyncio.all_tasks()
            async with subject.opened() as opened:
                await opened.deliver(subject.events()[:1])
            await asyncio.sleep(0.01)
            return [str(task.get_coro()) for task in asyncio.all_tasks() - before]

        left = run(go())
        if left:
            broken("`close` ends every task that it started", f"left: {', '.join(left)}")

    def test_closing_leaves_no_file_or_connection_open(self, subject: Subject) -> None:
        if not DESCRIPTORS.is_dir():
            pytest.skip("this system does not tell which files are open")
        subject.deliver(subject.events()[:1])  # what a library opens once and for all
        before = _open_files()
        for _ in range(3):
            subject.deliver(subject.events()[:1])
        if not settled(lambda: _open_files() < before + 3):
            broken(
                "`close` closes every file and connection",
                f"three lives left {_open_files() - before} open",
            )

    def test_instances_share_nothing(self, subject: Subject) -> None:
        loaded = subject.loaded
        if not inspect.isclass(loaded):
            pytest.skip("a module of functions has no instances")
        before = _state(loaded)
        subject.deliver(subject.events())
        changed = {name for name, value in _state(loaded).items() if before.get(name) != value}
        if changed:
            broken(
                "every route has an instance of its own: what one learns stands in `self`",
                f"delivering changed the class's {', '.join(sorted(changed))}",
            )


def _state(cls: type[Sink]) -> dict[str, str]:
    """The class's own attributes that hold data, as texts."""
    found: dict[str, Any] = {}
    for each in reversed(cls.__mro__):
        if each not in (object, Sink):
            found.update(vars(each))
    return {
        name: repr(value)
        for name, value in found.items()
        if not name.startswith("__") and not callable(value) and not inspect.isdatadescriptor(value)
    }
