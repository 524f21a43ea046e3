"""Plain gunicorn with `receiver backstage` beside it, for those who run their own."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from receiver.testing import RunningReceiver

GUNICORN = ("-m", "gunicorn", "-c", "python:receiver.gunicorn", "receiver.asgi:app")
BACKSTAGE = ("-m", "receiver", "backstage")
SECONDS = 40.0


class Process:
    """One process and its lines."""

    def __init__(self, folder: Path, *arguments: str, **environ: str) -> None:
        self.lines: list[str] = []
        self.popen = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=folder,
            env={**os.environ, "RECEIVER_SERVER__ADMIN": "127.0.0.1:0", **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.popen.stdout is not None
        with self.popen.stdout:
            self.lines.extend(line.rstrip("\n") for line in self.popen.stdout)

    def wait_for(self, text: str, seconds: float = SECONDS) -> str:
        end = time.monotonic() + seconds
        while True:
            for line in list(self.lines):
                if text in line:
                    return line
            assert time.monotonic() < end, f"no {text!r} in:\n" + "\n".join(self.lines)
            assert self.popen.poll() is None, "it ended:\n" + "\n".join(self.lines)
            time.sleep(0.02)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        status = self.popen.wait(SECONDS)
        self._reader.join(SECONDS)
        return status


Start = Callable[..., Process]


@pytest.fixture
def start(tmp_path: Path, config: str) -> Iterator[Start]:
    """Start processes in a folder with a configuration and the sink that keeps a list."""
    RunningReceiver(tmp_path, plugins={"lists.py": LISTS})
    (tmp_path / "receiver.toml").write_text(f'plugins_dir = "plugins"\n{config}')
    started: list[Process] = []

    def start(*arguments: str, **environ: str) -> Process:
        started.append(Process(tmp_path, *arguments, **environ))
        return started[-1]

    yield start
    for process in started:
        process.end(signal.SIGKILL)


LISTS = """
from receiver import hookimpl

@hookimpl
def on_event(event):
    with open("got.txt", "a") as file:
        file.write(event.id + "\\n")
"""


class At:
    """What a platform needs to know of a receiver."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url


def free_port() -> int:
    """One that stays free: below those that the system gives to connections (ip(7))."""
    while True:
        port = random.randrange(20_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def got(folder: Path) -> list[str]:
    file = folder / "got.txt"
    return file.read_text().split() if file.exists() else []


def test_plain_gunicorn_registers_routes_first_and_a_later_backstage_delivers_from_the_start(
    start: Start, platform: Any, eventually: Any, tmp_path: Path
) -> None:
    port = free_port()
    gunicorn = start(*GUNICORN, RECEIVER_SERVER__PUBLIC=f"127.0.0.1:{port}")
    line = gunicorn.wait_for("  listening  ")
    url = re.search(r"http://\S+", line)
    assert url is not None
    assert url[0].endswith(f":{port}")
    sender = platform(At(tmp_path, url[0]))
    assert [sender.send().status_code for _ in range(5)] == [200] * 5
    backstage = start(*BACKSTAGE)
    backstage.wait_for("  delivering list")
    eventually(lambda: sorted(got(tmp_path)) == sorted(sender.accepted))
    workers = psutil.Process(gunicorn.popen.pid).children()
    assert len(workers) == 2
    assert gunicorn.end() == 0
    assert backstage.end() == 0


def test_a_mistake_is_one_line_and_exit_1(start: Start, tmp_path: Path) -> None:
    (tmp_path / "receiver.toml").write_text("[server]\nworkers = 0\n")
    for arguments in (GUNICORN, BACKSTAGE):
        process = start(*arguments)
        process.popen.wait(SECONDS)
        assert process.end() == 1
        [line] = process.lines
        assert line.startswith("receiver: receiver.toml:2: [server] workers:")


def test_a_route_without_its_sink_stops_gunicorn_before_it_listens(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / "receiver.toml").write_text("[routes.r]\nsink = 'absent'\n")
    gunicorn = start(*GUNICORN)
    gunicorn.popen.wait(SECONDS)
    assert gunicorn.end() == 1
    said = [line for line in gunicorn.lines if line.startswith("receiver: ")]
    assert len(said) == 1
    assert "no sink 'absent' is installed" in said[0]
    assert not any("Traceback" in line for line in gunicorn.lines)


def test_a_second_backstage_waits_and_takes_over(
    start: Start, platform: Any, eventually: Any, tmp_path: Path
) -> None:
    gunicorn = start(*GUNICORN, RECEIVER_SERVER__PUBLIC=f"127.0.0.1:{free_port()}")
    url = re.search(r"http://\S+", gunicorn.wait_for("  listening  "))
    assert url is not None
    sender = platform(At(tmp_path, url[0]))
    first = start(*BACKSTAGE)
    first.wait_for("  delivering list")
    second = start(*BACKSTAGE)
    second.wait_for("  waiting    another process delivers from")
    sender.send()
    eventually(lambda: got(tmp_path) == sender.accepted)
    first.end(signal.SIGKILL)
    second.wait_for("  delivering list")
    sender.send()
    # What the first had delivered and not yet written down is delivered again: at least once.
    eventually(lambda: list(dict.fromkeys(got(tmp_path))) == sender.accepted)


def test_backstage_begins_anew_on_sighup_with_the_plugins_of_now(
    start: Start, platform: Any, eventually: Any, tmp_path: Path
) -> None:
    backstage = start(*BACKSTAGE)
    backstage.wait_for("  delivering list")
    folder = tmp_path / "plugins"
    (folder / "lists.py").write_text("import os\nprint('anew', os.getpid(), flush=True)\n" + LISTS)
    backstage.popen.send_signal(signal.SIGHUP)
    backstage.wait_for(f"anew {backstage.popen.pid}")
    eventually(lambda: sum("  delivering list" in line for line in backstage.lines) == 2)
    assert backstage.end() == 0
