"""Events to print and to write."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from receiver import Event

MOMENT = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)


@pytest.fixture(scope="session")
def make() -> Callable[..., Event[Any]]:
    def event(number: int = 1, **other: Any) -> Event[Any]:
        given = {
            "seq": number,
            "id": f"id-{number}",
            "source": "acme",
            "type": "thing/on",
            "time": MOMENT,
            "received_at": MOMENT,
            "node": "n1",
            "raw": b'{"n": %d}' % number,
        }
        return Event(**{**given, **other})

    return event
