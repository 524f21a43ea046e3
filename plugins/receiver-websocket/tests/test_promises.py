"""What every sink promises, kept by this one."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import pytest

from receiver.testing import SinkSuite

TOKEN = "t0k3n-of-the-suite"


class TestWebSocket(SinkSuite):
    sink = "websocket"
    settings: ClassVar[dict[str, Any]] = {"listen": "127.0.0.1:0", "tokens": [TOKEN]}

    @pytest.fixture
    def unreachable(self) -> Iterator[Mapping[str, Any]]:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            yield {**self.settings, "listen": f"127.0.0.1:{taken.getsockname()[1]}"}
