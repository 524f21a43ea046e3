"""A receiver with several workers, a platform that sends to it, and a sink that keeps a list."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from receiver import catalogue
from receiver.cli.signing import Request, maker
from receiver.settings.file import load
from receiver.testing import RunningReceiver

LISTS = """
import os, time
from receiver import hookimpl

@hookimpl
def on_event(event):
    time.sleep(float(os.environ.get("SINK_SECONDS", "0")))
    with open("got.txt", "a") as file:
        file.write(event.id + "\\n")
"""
CONFIG = """
[server]
grace = 5
[sources.gridx]
secrets = [{ name = "a", value = "hush-a" }]
[routes.list]
sink = "lists"
"""

Until = Callable[..., None]


def until(true: Callable[[], Any], seconds: float = 60.0) -> None:
    """Wait for a condition; fail when it does not come true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)


class Platform:
    """Sends signed events, each with an id of its own."""

    def __init__(self, receiver: RunningReceiver, secret: str = "hush-a") -> None:
        self.receiver = receiver
        self.client = httpx.Client(base_url=receiver.url, timeout=40.0)
        self.accepted: list[str] = []
        contract = catalogue.load().contract
        [event] = contract.find("appliance/online")
        file = receiver.folder / "platform.toml"
        file.write_text(f'[sources.gridx]\nsecrets = [{{ name = "x", value = "{secret}" }}]\n')
        self.request: Callable[[], Request] = maker(load(file, {}), contract, event, [], None)

    def send(self) -> httpx.Response:
        """One event; what was answered 200 is in `accepted`."""
        request = self.request()
        answer = self.client.post(request.path, content=request.body, headers=request.headers)
        if answer.status_code == 200:
            self.accepted.append(answer.json()["id"])
        return answer


def is_backstage(process: psutil.Process) -> bool | None:
    """None for one that has ended meanwhile."""
    try:
        return "backstage" in process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return None


class Serving:
    """A running `receiver serve`, and what it is made of."""

    def __init__(self, receiver: RunningReceiver) -> None:
        self.receiver = receiver
        self.folder = receiver.folder

    @property
    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.receiver.pid).children()

    @property
    def backstage(self) -> psutil.Process | None:
        return next(filter(is_backstage, self.children), None)

    @property
    def workers(self) -> list[psutil.Process]:
        return [child for child in self.children if is_backstage(child) is False]

    def got(self) -> list[str]:
        """What the sink was given, in order."""
        file = self.folder / "got.txt"
        return file.read_text().split() if file.exists() else []

    def configure(self, text: str) -> None:
        """Replace the configuration, all at once."""
        draft = self.folder / "draft.toml"
        draft.write_text(text)
        draft.replace(self.folder / "receiver.toml")


@pytest.fixture
def eventually() -> Until:
    return until


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Serving]]:
    """Start `receiver serve` with a configuration; it is ended with the test."""
    started: list[RunningReceiver] = []

    def make(config: str = CONFIG, *arguments: str, **environ: str) -> Serving:
        receiver = RunningReceiver(
            tmp_path,
            config=config,
            plugins={"lists.py": LISTS},
            arguments=arguments,
            environ=environ,
            command="serve",
        )
        started.append(receiver)
        receiver.start()
        return Serving(receiver)

    yield make
    for receiver in started:
        receiver.stop()


@pytest.fixture
def platform() -> Iterator[Callable[..., Platform]]:
    """Make a platform that sends to a receiver."""
    made: list[Platform] = []

    def platform(receiver: RunningReceiver, secret: str = "hush-a") -> Platform:
        made.append(Platform(receiver, secret))
        return made[-1]

    yield platform
    for each in made:
        each.client.close()


@pytest.fixture
def config() -> str:
    return CONFIG


def pytest_report_header() -> str:
    return f"processors: {os.cpu_count()}"
