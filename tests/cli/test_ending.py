"""Whatever plugins do, `receiver dev` ends in bounded time when told to, and says why when not."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from receiver.testing import RunningReceiver

HOOK = """
import asyncio, sys, threading, time
from receiver import Sink, hookimpl

@hookimpl
async def on_event(event):
    print("begun", flush=True)
"""
STUBBORN = (
    HOOK
    + """
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            continue
"""
)
OWN_THREAD = HOOK + "    threading.Thread(target=time.sleep, args=(3600,)).start()\n"
POOL = HOOK + "    await asyncio.to_thread(time.sleep, 3600)\n"
GENERATOR = (
    HOOK
    + """
    async def endless():
        while True:
            try:
                yield
                await asyncio.sleep(3600)
            except (asyncio.CancelledError, GeneratorExit):
                await asyncio.sleep(3600)
    global kept
    kept = endless()
    await anext(kept)
"""
)
DOES_NOT_CLOSE = """
import asyncio
from receiver import Sink, hookimpl

class Stubborn(Sink):
    @hookimpl
    async def on_event(self, event):
        print("begun", flush=True)

    async def close(self):
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                continue
"""
BLOCKS = HOOK + "    time.sleep(3600)\n"
GOOD = """
from receiver import hookimpl

@hookimpl
def on_event(event):
    print(f"good got {event.seq}.", flush=True)
"""
CONFIG = """
[server]
grace = 0.3
[routes.good]
sink = "good"
[routes.bad]
sink = "bad"
"""


def receiver_with(folder: Path, bad: str) -> RunningReceiver:
    return RunningReceiver(folder, config=CONFIG, plugins={"good.py": GOOD, "bad.py": bad})


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_call_that_goes_on_though_cancelled_does_not_keep_the_process(
    tmp_path: Path, number: signal.Signals
) -> None:
    receiver = receiver_with(tmp_path, STUBBORN).start()
    receiver.send("appliance/online")
    receiver.wait_for("begun")
    receiver.wait_for("good got 1.")
    began = time.monotonic()

    assert receiver.stop(number) == 0

    assert time.monotonic() - began < 8
    assert receiver.lines[-1].startswith(
        "receiver: route bad: a call of its sink was still running"
    )
    assert not any("route good: a call" in line for line in receiver.lines)
    mark = len(receiver.lines)
    with receiver:
        receiver.wait_for("begun", after=mark)  # what it did not finish
        receiver.send("appliance/online")
        receiver.wait_for("good got 2.", after=mark)
    assert not any("good got 1." in line for line in receiver.lines[mark:])


@pytest.mark.parametrize(
    ("bad", "seconds"),
    [(OWN_THREAD, 8), (POOL, 8), (GENERATOR, 8), (DOES_NOT_CLOSE, 20), (BLOCKS, 20)],
    ids=["a thread", "a pool", "a generator", "close", "the loop"],
)
def test_nothing_that_a_sink_leaves_running_keeps_the_process(
    tmp_path: Path, bad: str, seconds: float
) -> None:
    receiver = receiver_with(tmp_path, bad).start()
    receiver.send("appliance/online")
    receiver.wait_for("begun")
    began = time.monotonic()

    assert receiver.stop(signal.SIGTERM) == 0

    assert time.monotonic() - began < seconds
    assert any(line.startswith("stopped;") for line in receiver.lines)


CANCELS_ALL = HOOK + "    [task.cancel() for task in asyncio.all_tasks()]\n"


def test_when_nothing_is_delivered_any_more_it_says_why_and_ends(tmp_path: Path) -> None:
    receiver = receiver_with(tmp_path, CANCELS_ALL).start()
    receiver.send("appliance/online")

    line = receiver.wait_for("receiver: nothing is delivered any more: ")

    assert line.endswith("CancelledError")
    assert receiver._process is not None
    assert receiver._process.wait(60) == 1
    receiver.stop()
    assert not any("Traceback" in line for line in receiver.lines)


EXITS_ASIDE = (
    HOOK
    + """
    async def aside():
        sys.exit(3)
    asyncio.get_running_loop().create_task(aside())
    asyncio.get_running_loop().call_soon(sys.exit, 4)
    asyncio.get_running_loop().stop()
"""
)


def test_a_sink_that_exits_beside_its_calls_ends_nothing(tmp_path: Path) -> None:
    with receiver_with(tmp_path, EXITS_ASIDE) as receiver:
        receiver.send("appliance/online", "--count", "3")

        assert "SystemExit: 3 (sink bad)" in receiver.wait_for("deliveries go on: ")
        receiver.wait_for("good got 3.")
        mark = len(receiver.lines)
        receiver.send("appliance/online")
        receiver.wait_for("good got 4.", after=mark)
        receiver.wait_for("begun", after=mark)
