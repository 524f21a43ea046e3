"""What the process that delivers says of its routes and pulls, each second, in a file
beside the inbox.

So another process can show what only that one knows: states, rates, breakers, calls that hang.
Must not know: how routes are run, who reads it.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

FILE = "delivering.json"
EVERY_SECONDS = 1.0
STALE = timedelta(seconds=5)
"""A bulletin that is older is of a process that delivers no more, or hangs."""
RATE_SECONDS = 10
"""Rates are those of so many seconds."""


class Status(Protocol):
    """A dataclass of which everything plain is told (receiver.dispatch.RouteStatus)."""

    @property
    def route(self) -> str: ...
    @property
    def delivered(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Told:
    """What was told last."""

    at: datetime
    pid: int
    routes: dict[str, dict[str, Any]]
    """By name: the fields of its status, and `rate`, the events delivered in a second."""
    pulls: list[dict[str, Any]]
    """The fields of each puller's standing (receiver.transports)."""


class Bulletin:
    """Writes it for as long as `run` runs."""

    def __init__(
        self,
        folder: Path,
        statuses: Callable[[], Sequence[Status]],
        pulls: Callable[[], Sequence[Any]] = tuple,
    ) -> None:
        self._path = folder / FILE
        self._statuses = statuses
        self._pulls = pulls
        self._delivered: deque[tuple[float, dict[str, int]]] = deque(maxlen=RATE_SECONDS + 1)

    async def run(self) -> None:
        """Write until it is cancelled; then the file is gone."""
        try:
            while True:
                text = self.text(datetime.now(UTC), asyncio.get_running_loop().time())
                with suppress(OSError):  # what a full disk does not take grows stale, and says so
                    await asyncio.to_thread(self._write, text)
                await asyncio.sleep(EVERY_SECONDS)
        finally:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)

    def text(self, now: datetime, seconds: float) -> str:
        """What is told now; `seconds` is a clock that is never set."""
        statuses = self._statuses()
        self._delivered.append((seconds, {each.route: each.delivered for each in statuses}))
        since, then = self._delivered[0]
        took = seconds - since
        routes = []
        for each in statuses:
            gained = each.delivered - then.get(each.route, each.delivered)
            rate = max(0, gained) / took if took else 0.0
            routes.append({**_plain(each), "rate": round(rate, 2)})
        pulls = [_plain(each) for each in self._pulls()]
        told = {"at": now.isoformat(), "pid": os.getpid(), "routes": routes, "pulls": pulls}
        return json.dumps(told)

    def _write(self, text: str) -> None:
        draft = self._path.with_suffix(f".{os.getpid()}")
        draft.write_text(text, encoding="utf-8")
        draft.replace(self._path)


def read(folder: Path, now: datetime) -> Told | None:
    """What the process that delivers has told; None when there is none, or it hangs."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        told = Told(
            datetime.fromisoformat(found["at"]),
            int(found["pid"]),
            {each["route"]: each for each in found["routes"]},
            [dict(each) for each in found["pulls"]],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return told if abs(now - told.at) < STALE else None


def _plain(status: Any) -> dict[str, Any]:
    """The fields of a status that JSON has."""
    told: dict[str, Any] = {}
    for field in fields(status):
        value = getattr(status, field.name)
        if isinstance(value, datetime):
            value = value.isoformat()
        if value is None or isinstance(value, str | int | float | bool):
            told[field.name] = value
    return told
