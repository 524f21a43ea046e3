"""The one child beside the workers: started again, later each time; ended when it is silent."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from receiver.supervisor import PULSE, Supervisor

ALIVE = f"""
import os, sys, time
pipe = int(os.environ["{PULSE}"].partition(":")[0])
while True:
    os.write(pipe, b".")
    time.sleep(0.02)
"""
ENDS = "import sys; sys.exit(3)"
SILENT = f"""
import os, sys, time, signal, faulthandler
pipe = int(os.environ["{PULSE}"].partition(":")[0])
faulthandler.enable(open(sys.argv[1] + "/dump", "wb"))
os.write(pipe, b".")
open(sys.argv[1] + "/ready", "w").close()
time.sleep(60)
"""
DEAF = f"""
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.write(int(os.environ["{PULSE}"].partition(":")[0]), b".")
time.sleep(60)
"""


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def child(clock: Clock) -> Iterator[Any]:
    """A supervisor of a program; it is ended with the test."""
    made: list[Supervisor] = []

    def child(program: str, *arguments: str, **options: Any) -> Supervisor:
        command = [sys.executable, "-c", program, *arguments]
        made.append(Supervisor(command, "it", clock=clock, chance=lambda: 1.0, **options))
        made[-1].start()
        return made[-1]

    yield child
    for supervisor in made:
        supervisor.begin_stop()
        supervisor.wait(0.0)


def ended(supervisor: Supervisor) -> None:
    """Tick until the child has ended."""
    end = time.monotonic() + 60
    while supervisor.pid is not None:
        supervisor.tick()
        assert time.monotonic() < end
        time.sleep(0.01)


def there(file: Path) -> None:
    """Wait for a file that the child makes."""
    end = time.monotonic() + 40
    while not file.exists():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_child_that_ends_is_started_again_later_each_time(child: Any, clock: Clock) -> None:
    supervisor = child(ENDS)
    for wait in (0.25, 0.5, 1.0, 2.0):
        ended(supervisor)
        clock.now += wait - 0.01
        supervisor.tick()
        assert supervisor.pid is None
        clock.now += 0.02
        supervisor.tick()
        assert supervisor.pid is not None


def test_a_child_that_ran_well_is_started_again_at_once(child: Any, clock: Clock) -> None:
    supervisor = child(ENDS)
    for _ in range(3):
        ended(supervisor)
        clock.now += 5
        supervisor.tick()
    clock.now += 31
    ended(supervisor)
    clock.now += 0.26
    supervisor.tick()
    assert supervisor.pid is not None


def test_a_child_that_gives_signs_of_life_is_left_alone(child: Any, clock: Clock) -> None:
    supervisor = child(ALIVE)
    time.sleep(0.3)
    pid = supervisor.pid
    for _ in range(40):
        clock.now += 1
        time.sleep(0.03)
        supervisor.tick()
    assert supervisor.pid == pid


def test_a_silent_child_is_ended_with_its_stacks_on_record(
    child: Any, clock: Clock, tmp_path: Path
) -> None:
    dump = tmp_path / "dump"
    supervisor = child(SILENT, str(tmp_path), silence=5.0)
    there(tmp_path / "ready")
    supervisor.tick()
    for _ in range(5):
        clock.now += 1
        supervisor.tick()
        assert supervisor.pid is not None
    clock.now += 1
    supervisor.tick()
    ended(supervisor)
    assert b"Fatal Python error: Aborted" in dump.read_bytes()


def test_a_supervisor_that_was_stopped_itself_blames_nobody(
    child: Any, clock: Clock, tmp_path: Path
) -> None:
    supervisor = child(SILENT, str(tmp_path), silence=5.0)
    there(tmp_path / "ready")
    supervisor.tick()
    pid = supervisor.pid
    clock.now += 3600
    supervisor.tick()
    assert supervisor.pid == pid


def test_a_child_that_does_not_end_is_killed(child: Any) -> None:
    supervisor = child(DEAF)
    time.sleep(0.5)
    pid = supervisor.pid
    supervisor.begin_stop()
    supervisor.wait(0.2)
    assert supervisor.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_child_that_was_stopped_is_not_started_again(child: Any, clock: Clock) -> None:
    supervisor = child(ALIVE)
    supervisor.begin_stop()
    ended(supervisor)
    clock.now += 60
    supervisor.tick()
    assert supervisor.pid is None


def test_the_end_by_a_signal_is_told_by_name(
    child: Any, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    supervisor = child(ALIVE)
    supervisor.send(signal.SIGKILL)
    ended(supervisor)
    assert "it ended (SIGKILL); events are still taken in" in caplog.text
