"""What every sink promises, kept by this one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest

from receiver.testing import SinkSuite


class TestSqlite(SinkSuite):
    sink = "sqlite"
    idempotent: ClassVar[bool] = True

    @pytest.fixture
    def sink_settings(self, tmp_path: Path) -> Mapping[str, Any]:
        return {"path": str(tmp_path / "events.db"), "per_source": False}

    @pytest.fixture
    def unreachable(self, tmp_path: Path) -> Mapping[str, Any]:
        (tmp_path / "file").touch()
        return {"path": str(tmp_path / "file" / "events.db")}

    @pytest.fixture
    def arrived(self, sink_settings: Mapping[str, Any]) -> Callable[[], list[str]]:
        def ids() -> list[str]:
            with closing(sqlite3.connect(sink_settings["path"])) as connection:
                rows = connection.execute("SELECT id FROM events ORDER BY rowid").fetchall()
            return [row[0] for row in rows]

        return ids
