"""`receiver events tail` on a terminal: keys pause, choose, show and replay."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from receiver.testing import RunningReceiver

SINK = """
from receiver import hookimpl

@hookimpl
def on_event(event):
    print(f"got {event.node} seq {event.seq} replay {event.replay}.", flush=True)
"""


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, receiver: RunningReceiver, *arguments: str) -> None:
        self._screen, inner = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "receiver", *arguments],
            cwd=receiver.folder,
            stdin=inner,
            stdout=inner,
            stderr=inner,
            env={**os.environ, "COLUMNS": "200"},
        )
        os.close(inner)
        self.text = ""

    def press(self, keys: str) -> None:
        os.write(self._screen, keys.encode())

    def until(self, wanted: str, seconds: float = 40.0) -> None:
        """Read on until something new is shown that holds `wanted`."""
        end, start = time.monotonic() + seconds, len(self.text)
        while wanted not in self.text[start:]:
            left = end - time.monotonic()
            ready = select.select([self._screen], [], [], max(0.0, left))[0]
            assert ready, f"{wanted!r} is not in:\n{self.text[start:]}"
            self.text += os.read(self._screen, 65536).decode()

    def close(self) -> None:
        os.close(self._screen)


@pytest.fixture
def receiver() -> Iterator[RunningReceiver]:
    with RunningReceiver(plugins={"sink.py": SINK}) as running:
        yield running


def test_keys_pause_choose_show_replay_and_end(receiver: RunningReceiver) -> None:
    def send(node: str) -> None:
        receiver.send("appliance/online", "--set", f"data.applianceID={node}")

    send("n-1")
    receiver.wait_for("got n-1")
    terminal = Terminal(receiver, "events", "tail", "-n", "5")
    try:
        terminal.until("n-1")
        send("n-2")
        terminal.until("n-2")
        terminal.press("kk")
        terminal.until("> 1")
        terminal.press("d")
        terminal.until('"applianceID": "n-1"')
        send("n-3")
        receiver.wait_for("got n-3")
        terminal.press("r")
        terminal.until("deliver event 1 again to")
        terminal.press("n")
        terminal.until("no")
        assert "n-3" not in terminal.text
        terminal.press("ry")
        terminal.until("asked for, as replay 1")
        receiver.wait_for("got n-1 seq 1 replay True.")
        terminal.press(" ")
        terminal.until("n-3")
        terminal.press("q")
        assert terminal.process.wait(40) == 0
    finally:
        terminal.process.kill()
        terminal.process.wait()
        terminal.close()
