"""The server of wialonserver, running in a thread."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for wialonserver, which is no package's

from wialonserver import Handler, Listener, Server


@pytest.fixture
def server() -> Iterator[Server]:
    seen = Server()
    handler = type("Bound", (Handler,), {"seen": seen})
    with Listener(("127.0.0.1", 0), handler) as listener:
        seen.port = listener.server_address[1]
        thread = threading.Thread(
            target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        thread.start()
        yield seen
        listener.shutdown()
        thread.join()


@pytest.fixture
def settings(server: Server) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": server.port, "allow_private": True}


@pytest.fixture
def nowhere() -> Iterator[int]:
    """A port that nobody listens on, and nobody else gets."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]
