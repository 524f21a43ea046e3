"""Commands as a person runs them, and a receiver that runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from receiver.testing import RunningReceiver

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]

ROUTES = """
from receiver import Reject, Retry, hookimpl

@hookimpl
def on_event(event):
    if event.type == "gateway/online":
        raise Reject("no gateways here")
    if event.type == "gateway/offline" and event.attempt == 1:
        raise Retry("not yet")
    print(f"delivered {event.type} {event.node} attempt {event.attempt}")
"""
CONFIG = """
plugins_dir = "plugins"
[routes.picky]
sink = "picky"
retry = { schedule = [0.1] }
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `receiver` with arguments in an empty folder; variables by keyword."""

    def run(*arguments: str, **environ: str) -> Done:
        return subprocess.run(
            [sys.executable, "-m", "receiver", *arguments],
            cwd=tmp_path,
            env={**os.environ, **environ},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture(scope="module")
def running() -> Iterator[RunningReceiver]:
    """A receiver with one route that rejects one event type and retries another."""
    with RunningReceiver(config=CONFIG, plugins={"picky.py": ROUTES}) as receiver:
        yield receiver
