"""One server with short deadlines for all tests that need no other."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for rawhttp, which is no package's

from rawhttp import SHORT, Server, serving


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with serving(**SHORT, bodies={"seconds": 1.0}, proxies=["127.0.0.2", "10.0.0.0/8"]) as running:
        yield running
