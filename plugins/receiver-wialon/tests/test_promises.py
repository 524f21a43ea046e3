"""What every sink promises, kept by this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from receiver.testing import SinkSuite


class TestWialon(SinkSuite):
    sink = "wialon"

    @pytest.fixture
    def sink_settings(self, settings: dict[str, Any]) -> Mapping[str, Any]:
        return {**settings, "default_ident": "nobody", "id_parameter": "receiver.id"}

    @pytest.fixture
    def unreachable(self, settings: dict[str, Any], nowhere: int) -> Mapping[str, Any]:
        return {**settings, "port": nowhere}

    @pytest.fixture
    def arrived(self, server: Any) -> Callable[[], list[str]]:
        return lambda: [found.values["receiver.id"] for found in server.received]
