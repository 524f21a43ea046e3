"""Events of no platform in particular, and a sink on a file of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from receiver_sqlite import Sqlite

from receiver import Event

NOON = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)

MakeEvent = Callable[..., Event[Any]]


@pytest.fixture
def make_event() -> MakeEvent:
    def make(number: int = 1, **fields: Any) -> Event[Any]:
        return Event(
            **{
                "seq": number,
                "id": f"id-{number}",
                "source": "acme",
                "type": "thing/changed",
                "time": NOON + timedelta(seconds=number / 2),
                "received_at": NOON + timedelta(seconds=number),
                "node": "n1",
                "raw": b'{ "n":%d,  "x": 1.50, "name": "K\xc3\xbcche" }' % number,
                **fields,
            }
        )

    return make


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


@pytest.fixture
def sink(path: Path) -> Iterator[Sqlite]:
    made = Sqlite(Sqlite.Settings(path=path))
    made.open()
    yield made
    made.close()
