"""The sinks that come with Receiver keep every promise of the suite."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from receiver.testing import SinkSuite


class TestConsole(SinkSuite):
    sink = "console"
    settings = {"format": "json"}


class TestJsonLines(SinkSuite):
    sink = "jsonl"

    @pytest.fixture
    def sink_settings(self, tmp_path: Path) -> Mapping[str, Any]:
        return {"path": str(tmp_path / "events.jsonl")}

    @pytest.fixture
    def unreachable(self, tmp_path: Path) -> Mapping[str, Any]:
        (tmp_path / "file").touch()
        return {"path": str(tmp_path / "file" / "events.jsonl")}

    @pytest.fixture
    def arrived(self, sink_settings: Mapping[str, Any]) -> Callable[[], list[str]]:
        path = Path(sink_settings["path"])
        return lambda: [json.loads(line)["id"] for line in path.read_text("utf-8").splitlines()]
