"""Making routes known to the store, and where each of them begins.

Must not know: who delivers for them.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, ClassVar

from receiver.inbox import RouteStart
from receiver.inbox.sqlite.connection import number
from receiver.inbox.sqlite.queries import SQL


def register(
    connection: sqlite3.Connection, starts: Sequence[RouteStart], beginnings: dict[str, int]
) -> None:
    """Make routes known, in the open transaction; `beginnings`: positions found for their times."""
    with closing(connection.execute(SQL["known_routes"])) as cursor:
        known = {row[0] for row in cursor.fetchall()}
    last_seq = number(connection, SQL["last_seq"])
    for start in starts:
        position = beginnings.get(start.route, last_seq)
        if not known or start.start == "beginning":
            position = 0
        values = (start.route, position, start.ordered)
        connection.execute(SQL["insert_route"], values).close()


@dataclass(slots=True, eq=False)
class Registering:
    """Work for the writer: make routes known."""

    starts: Sequence[RouteStart]
    beginnings: dict[str, int] = field(default_factory=dict)
    future: asyncio.Future[Any] | None = None
    optional: ClassVar[bool] = False

    @property
    def weight(self) -> int:
        return len(self.starts)
