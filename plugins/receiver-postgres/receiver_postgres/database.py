"""A connection that comes back: connects when it must, makes and migrates tables, writes rows.

Must not know: events, what a failure means for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from receiver_postgres.tables import (
    CREATE_VERSIONS,
    MIGRATIONS,
    VERSIONS,
    Row,
    columns,
    upsert,
)

CONNECT_SECONDS = 10
LOCK = 0x7265_6376
"""The advisory lock that whoever migrates takes: two routes may open at the same time."""

Addresses = Callable[[str, int], Awaitable[list[str]]]


class Newer(Exception):
    """A table was made by a newer version of this plugin."""


class Database:
    """One connection; made and used on one loop, by one call at a time."""

    def __init__(
        self, dsn: str, password: str | None, schema: str, timeout: float, addresses: Addresses
    ) -> None:
        """`addresses` tells where may be connected to; `timeout` (seconds) is a statement's."""
        self._dsn = dsn
        self._password = password
        self._schema = schema
        self._timeout = timeout
        self._addresses = addresses
        self._turn = asyncio.Lock()
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._ready: set[str] = set()

    async def connect(self) -> None:
        """Make sure that there is a connection. Raises psycopg.Error or OSError."""
        async with self._turn:
            await self._connected()

    async def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        self._ready.clear()
        if connection is not None:
            with suppress(psycopg.Error):
                await connection.close()

    async def write(self, tables: Mapping[str, Sequence[Row]]) -> None:
        """Write all rows in one transaction; a table is made when it is first needed.

        Raises psycopg.Error, OSError or Newer; nothing is written then.
        """
        async with self._turn:
            connection = await self._connected()
            try:
                async with connection.transaction():
                    made = [await self._prepare(connection, table) for table in tables]
                    for table, rows in tables.items():
                        await connection.execute(upsert(self._schema, table), columns(rows))
            except (psycopg.OperationalError, psycopg.InterfaceError, asyncio.CancelledError):
                await self.close()  # whatever state it is in, the next call finds a new one
                raise
            except BaseException:
                self._ready.clear()
                raise
            self._ready.update(made)

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            await self.close()
            self._connection = await psycopg.AsyncConnection.connect(
                await self._where(), autocommit=True
            )
        return self._connection

    async def _where(self) -> str:
        """The connection string with addresses in it that may be connected to."""
        given: dict[str, Any] = dict(conninfo_to_dict(self._dsn))
        hosts = str(given.get("host") or "").split(",")
        ports = str(given.get("port") or "5432").split(",")
        found: list[tuple[str, str, str]] = []
        for number, host in enumerate(hosts):
            port = ports[number if len(ports) > 1 else 0] or "5432"
            if not host or host.startswith("/"):
                await self._addresses("localhost", int(port))  # as private as an address can be
                found.append((host, "", port))
            else:
                for address in await self._addresses(host, int(port)):
                    found.append((host, address, port))
        given |= {
            "host": ",".join(host for host, _, _ in found),
            "hostaddr": ",".join(address for _, address, _ in found),
            "port": ",".join(port for _, _, port in found),
            "options": f"-c statement_timeout={int(self._timeout * 1000)}",
            "application_name": given.get("application_name") or "receiver",
            "connect_timeout": given.get("connect_timeout") or CONNECT_SECONDS,
        }
        if self._password is not None:
            given["password"] = self._password
        return make_conninfo("", **given)

    async def _prepare(self, connection: psycopg.AsyncConnection[Any], table: str) -> str:
        """Bring a table to the newest version, inside of the transaction; returns its name."""
        if table in self._ready:
            return table
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        versions = sql.Identifier(self._schema, VERSIONS)
        await connection.execute(sql.SQL(CREATE_VERSIONS).format(versions=versions))
        select = sql.SQL("SELECT version FROM {} WHERE name = %s").format(versions)
        found = await (await connection.execute(select, [table])).fetchone()
        version = found[0] if found else 0
        if version > len(MIGRATIONS):
            raise Newer(
                f"table {table} is of version {version}, this plugin knows of {len(MIGRATIONS)}"
            )
        for migration in MIGRATIONS[version:]:
            await connection.execute(
                sql.SQL(migration).format(
                    table=sql.Identifier(self._schema, table),
                    index=sql.Identifier(f"{table[:50]}_node_time"),
                )
            )
        if version < len(MIGRATIONS):
            note = sql.SQL(
                "INSERT INTO {} VALUES (%s, %s) ON CONFLICT (name) DO UPDATE"
                " SET version = excluded.version"
            ).format(versions)
            await connection.execute(note, [table, len(MIGRATIONS)])
        return table
