"""The README runs: its commands are executed and its plugin is loaded, as a person would."""

from __future__ import annotations

import contextlib
import os
import random
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
BIN = Path(sys.executable).parent
PATIENCE = 60
"""Seconds for something to appear on the first terminal."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def shell(containing: str) -> str:
    """The one shell line of the README that contains a text."""
    (line,) = [block.strip() for block in blocks("sh") if containing in block]
    return line


def free_port() -> int:
    """One that stays free: below those that the system gives to connections (ip(7))."""
    while True:
        port = random.randrange(20_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class Terminal:
    """`receiver dev` in a folder of its own, and what it has printed so far."""

    def __init__(self, command: str, folder: Path, port: int) -> None:
        self.printed: list[str] = []
        self._news = threading.Condition()
        self.process = subprocess.Popen(
            shlex.split(command),
            cwd=folder,
            env={**os.environ, "RECEIVER_SERVER__PUBLIC": f"127.0.0.1:{port}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            with self._news:
                self.printed.append(line)
                self._news.notify_all()

    def end(self) -> int:
        """Ctrl-C; its exit status."""
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(timeout=PATIENCE)
        self._reader.join(timeout=PATIENCE)
        assert self.process.stdout
        self.process.stdout.close()
        return status

    def shows(self, *texts: str) -> bool:
        """Whether all of these appear, in time."""
        deadline = time.monotonic() + PATIENCE
        with self._news:
            while not all(text in "".join(self.printed) for text in texts):
                if not self._news.wait(deadline - time.monotonic()):
                    return False
        return True

    def text(self) -> str:
        return "".join(self.printed)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def first_terminal(tmp_path: Path, port: int) -> Iterator[Terminal]:
    (plugin,) = blocks("python")
    (tmp_path / "my-plugins").mkdir()
    (tmp_path / "my-plugins" / "online.py").write_text(plugin)
    with_plugin = re.search(r"`\.venv/bin/(receiver dev --plugins-dir [^`]+)`", README)
    assert with_plugin
    terminal = Terminal(f"{BIN}/{with_plugin[1]}", tmp_path, port)
    assert terminal.shows(f"127.0.0.1:{port}"), terminal.text()
    yield terminal
    assert terminal.end() == 0, terminal.text()


def second_terminal(command: str, folder: Path, port: int) -> str:
    command = command.replace(".venv/bin/", f"{BIN}/").replace(
        "localhost:8080", f"127.0.0.1:{port}"
    )
    done = subprocess.run(
        shlex.split(command),
        cwd=folder,
        env={**os.environ, "RECEIVER_SERVER__PUBLIC": f"127.0.0.1:{port}"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_first_five_minutes(first_terminal: Terminal, tmp_path: Path, port: int) -> None:
    refusal = second_terminal(shell("curl -i"), tmp_path, port)
    assert refusal.startswith("HTTP/1.1 401")
    assert refusal.replace("\r\n", "\n").endswith("\n\n")
    assert first_terminal.shows("receiver send appliance/online"), first_terminal.text()

    answer = second_terminal(shell("receiver send"), tmp_path, port)
    assert "accepted" in answer
    assert first_terminal.shows("appliance/online", " is online"), first_terminal.text()


def test_the_start_line_installs_and_starts() -> None:
    line = shell("receiver dev")
    assert line.startswith("python3 -m venv .venv && ")
    assert line.endswith(" && .venv/bin/receiver dev")


def test_the_test_line_is_what_ci_runs() -> None:
    assert "README.md" in (ROOT / ".ci" / "run").read_text()
    assert shell("tox").endswith(".venv/bin/tox")


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
