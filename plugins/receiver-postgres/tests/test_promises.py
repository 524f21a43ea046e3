"""What every sink promises, kept by this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest

from receiver.testing import SinkSuite


class TestPostgres(SinkSuite):
    sink = "postgres"
    idempotent: ClassVar[bool] = True

    @pytest.fixture
    def sink_settings(self, settings: dict[str, Any]) -> Mapping[str, Any]:
        return settings

    @pytest.fixture
    def unreachable(self, settings: dict[str, Any]) -> Mapping[str, Any]:
        return {**settings, "dsn": "postgresql://receiver@127.0.0.1:9/postgres"}

    @pytest.fixture
    def arrived(self, seen: Any) -> Callable[[], list[str]]:
        return lambda: [row[0] for row in seen.run("SELECT id FROM {}.{} ORDER BY seq")]
