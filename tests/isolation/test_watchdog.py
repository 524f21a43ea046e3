"""A hook that holds up the loop that delivers is named, and the process ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from receiver import supervisor, watchdog
from receiver.dispatch import Route
from receiver.plugins import discover

HOLDS = """
import os, re, time
from receiver import hookimpl

@hookimpl
{}
"""

HOOKS = {
    "an async hook that computes": "async def on_event(event):\n    while True: pass",
    "an async hook that sleeps": "async def on_event(event):\n    time.sleep(60)",
    "a task of the sink's own": (
        "async def on_event(event):\n"
        "    import asyncio\n"
        "    async def turn():\n"
        "        while True: pass\n"
        "    asyncio.ensure_future(turn())"
    ),
    "a plain hook that computes": "def on_event(event):\n    while True: pass",
}

PROGRAM = """
import asyncio, sys
from pathlib import Path
from receiver.catalogue import load
from receiver.dispatch import Dispatcher, Route
from receiver.inbox.memory import MemoryInbox
from receiver.plugins import discover
from receiver.watchdog import Pulse, Watchdog, arm
from datetime import UTC, datetime
from receiver.inbox import Entry

async def main(folder):
    plugins = discover(folder)
    inbox = MemoryInbox()
    routes = [
        Route(name="slow", plugin=plugins["holds"], start="beginning"),
        Route(name="good", plugin=plugins["good"], start="beginning"),
    ]
    now = datetime.now(UTC)
    dispatcher = Dispatcher(inbox, load(), routes)
    arm(folder)
    watching = Watchdog(dispatcher, folder, limit=float(sys.argv[2]))
    watching.start()
    running = asyncio.create_task(dispatcher.run())
    await asyncio.sleep(0.1)
    await inbox.append([Entry(id="1", source="gridx", type="x", key=None, dedup_key=None,
        dedup_window=None, time=now, received_at=now, node=None, user=None, raw=b"{}",
        operation="o", secret="s")])
    await running

asyncio.run(main(Path(sys.argv[1])))
"""


def folder_with(hook: str, folder: Path) -> Path:
    (folder / "holds.py").write_text(HOLDS.format(hook))
    (folder / "good.py").write_text(HOLDS.format("def on_event(event): os.write(1, b'good\\n')"))
    return folder


LONGEST = 90.0
"""Seconds after which a program is ended, so that no test waits for it for ever."""


def run(folder: Path, limit: float = 1.0, **more: Any) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(folder), str(limit)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )
    ending = threading.Timer(LONGEST, process.kill)
    ending.daemon = True
    ending.start()
    return process


def routes(folder: Path) -> list[Route]:
    plugins = discover(folder)
    return [
        Route(name="slow", plugin=plugins["holds"]),
        Route(name="good", plugin=plugins["good"]),
    ]


@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
def test_who_holds_up_the_loop_is_named_and_ends_the_process(hook: str, tmp_path: Path) -> None:
    process = run(folder_with(hook, tmp_path))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == watchdog.STUCK, errors
    assert "most recent call first" in errors
    stuck = watchdog.stuck_routes(tmp_path)
    assert list(stuck) == ["slow"]
    assert stuck["slow"].plugin == "holds"
    assert "holds.py" in stuck["slow"].stack
    assert json.loads((tmp_path / "stuck.json").read_text())["routes"]["slow"]["at"] > 0


def test_the_next_start_gives_it_a_process_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder_with(HOOKS["an async hook that sleeps"], tmp_path)
    run(tmp_path).communicate(timeout=60)
    slow, good = watchdog.confined(tmp_path, routes(tmp_path))
    assert (slow.isolation, good.isolation) == ("process", "thread")
    assert re.search(r"holds the event loop \(sink holds, \d{4}-", str(slow.confined))
    assert "runs in a process of its own" in capsys.readouterr().out


def test_a_changed_plugin_gets_another_chance(tmp_path: Path) -> None:
    folder_with(HOOKS["an async hook that sleeps"], tmp_path)
    run(tmp_path).communicate(timeout=60)
    os.utime(tmp_path / "holds.py", ns=(1, 1))
    assert {route.isolation for route in watchdog.confined(tmp_path, routes(tmp_path))} == {
        "thread"
    }
    assert watchdog.stuck_routes(tmp_path) == {}


KEEPS_THE_LOCK = "def on_event(event):\n    os.write(1, b'in\\n')\n    re.match('(a+)+b', 'a' * 60)"


def test_c_code_that_keeps_the_interpreter_is_named_by_the_dump(tmp_path: Path) -> None:
    process = run(folder_with(KEEPS_THE_LOCK, tmp_path), limit=0.4)
    assert process.stdout is not None
    try:
        while process.stdout.readline() != "in\n":
            assert process.poll() is None
        time.sleep(1.0)
        assert process.poll() is None  # the watchdog cannot run either
        supervisor.abort(process.pid)
        process.communicate(timeout=60)
    finally:
        process.kill()  # it would keep a processor busy for ever
    slow, good = watchdog.confined(tmp_path, routes(tmp_path))
    assert (slow.isolation, good.isolation) == ("process", "thread")
    assert not list(tmp_path.glob("backstage.*.dump"))
    assert watchdog.confined(tmp_path, routes(tmp_path))[0].isolation == "process"


def computing(pid: int) -> int:
    """How many threads of a process used the processor in the last moment."""
    before = supervisor._used(pid)
    time.sleep(supervisor.MOMENT)
    after = supervisor._used(pid)
    return sum(used - before.get(thread, used) > 0.001 for thread, used in after.items())


def test_who_waits_for_the_interpreter_meanwhile_is_not_blamed(tmp_path: Path) -> None:
    later = KEEPS_THE_LOCK.replace("    os.write", "    time.sleep(0.3)\n    os.write")
    folder = folder_with(later, tmp_path)
    computes = "def on_event(event):\n    os.write(1, b'good\\n')\n    while True: pass"
    (folder / "good.py").write_text(HOLDS.format(computes))
    process = run(folder, limit=60.0)
    assert process.stdout is not None
    try:
        assert sorted(process.stdout.readline() for _ in range(2)) == ["good\n", "in\n"]
        while computing(process.pid) != 1:  # until it is in C code that lets nobody else run
            assert process.poll() is None
        supervisor.abort(process.pid)
        process.communicate(timeout=60)
    finally:
        process.kill()
    slow, good = watchdog.confined(tmp_path, routes(tmp_path))
    assert (slow.isolation, good.isolation) == ("process", "thread")


def test_a_process_that_was_stopped_for_a_while_is_nobodys_fault(tmp_path: Path) -> None:
    process = run(folder_with("def on_event(event): os.write(1, b'in\\n')", tmp_path))
    assert process.stdout is not None
    while process.stdout.readline() != "in\n":
        assert process.poll() is None
    process.send_signal(signal.SIGSTOP)
    time.sleep(1.5)
    process.send_signal(signal.SIGCONT)
    time.sleep(0.7)
    assert process.poll() is None
    process.kill()
    process.communicate()


@pytest.mark.parametrize("text", ["", "{", '{"routes": 3}', '{"routes": {"a": {}}}', "[]"])
def test_a_file_that_cannot_be_read_names_nobody(text: str, tmp_path: Path) -> None:
    (tmp_path / "stuck.json").write_text(text)
    assert watchdog.stuck_routes(tmp_path) == {}


def test_the_pulse_goes_on_when_nobody_reads_it() -> None:
    reading, writing = os.pipe()
    pulse = watchdog.Pulse(writing)
    for _ in range(100_000):
        pulse.beat()
    os.close(reading)
    pulse.beat()
    os.close(writing)
