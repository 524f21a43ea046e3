"""A worker that starts while the store cannot be written: it serves, and is well once it can be."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Whatever is opened in the folder from now on can be read only; skips where none may mount."""
    mount = ["mount", "--bind", str(folder), str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can make a folder read-only for root")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_it_answers_503_and_takes_events_again_without_a_restart(
    make: Callable[..., Any], platform: Any, eventually: Any
) -> None:
    serving = make()
    sender = platform(serving.receiver)
    assert sender.send().status_code == 200

    def answered(status: int) -> bool:
        try:
            return bool(sender.send().status_code == status)
        except httpx.TransportError:  # no worker is there yet, or the old one was killed
            return False

    eventually(lambda: len(serving.workers) == 2)
    with read_only(serving.folder / ".receiver"):
        before = {worker.pid for worker in serving.workers}
        for worker in serving.workers:
            worker.kill()
        eventually(lambda: len({worker.pid for worker in serving.workers} - before) == 2)
        eventually(lambda: answered(503))
        assert httpx.get(serving.receiver.url + "/healthz").status_code == 200
        after = {worker.pid for worker in serving.workers}

    eventually(lambda: answered(200))
    assert {worker.pid for worker in serving.workers} == after, "nobody had to start again"
    eventually(lambda: set(serving.got()) >= set(sender.accepted))
