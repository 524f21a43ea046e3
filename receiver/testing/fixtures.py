"""Pytest fixtures for authors of plugins; pytest finds them where Receiver is installed.

Must not know: sinks. Loads what a fixture needs when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from receiver.event import Event
    from receiver.testing.handclock import HandClock
    from receiver.testing.process import RunningReceiver
    from receiver.testing.recorder import RecordingServer

    RunReceiver = Callable[..., RunningReceiver]


@pytest.fixture
def every_event() -> list[Event[Any]]:
    """A sample of every event type of the bundled contract, by seq from 1 on."""
    from receiver.testing.sample import every_event

    return every_event()


@pytest.fixture
def recording_server() -> Iterator[RecordingServer]:
    """An HTTP server on the loopback address that answers as told and remembers every request."""
    from receiver.testing.recorder import RecordingServer

    with RecordingServer() as server:
        yield server


@pytest.fixture
def hand_clock() -> HandClock:
    """A clock that stands still until the test moves it."""
    from receiver.testing.handclock import HandClock

    return HandClock()


@pytest.fixture
def run_receiver(tmp_path: Path) -> Iterator[RunReceiver]:
    """Starts a real receiver: `run_receiver(config="…", plugins={"online.py": "…"})`.

    It takes what RunningReceiver takes, and is stopped when the test is over.
    """
    from receiver.testing.process import RunningReceiver

    with ExitStack() as stack:

        def start(**arguments: Any) -> RunningReceiver:
            arguments.setdefault("folder", tmp_path / "receiver")
            return stack.enter_context(RunningReceiver(**arguments))

        yield start
