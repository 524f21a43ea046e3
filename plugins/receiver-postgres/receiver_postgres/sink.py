"""Writes batches of events as rows.

Must not know: anything of Receiver but its public names.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import ProgramLimitExceeded, StatementTooComplex
from pydantic import Field, SecretStr, field_validator

from receiver import Event, Reject, Retry, Sink, hookimpl
from receiver_postgres.database import Database, Newer
from receiver_postgres.tables import LONGEST, Row, name_of, row

NEVER = (psycopg.DataError, StatementTooComplex, ProgramLimitExceeded)
"""What is wrong with a row, and not with the moment."""
_NAME = re.compile(r"[a-z_][a-z0-9_]*")


class Postgres(Sink):
    """Keep events in PostgreSQL, each event once, its payload as JSONB."""

    class Settings(Sink.Settings):
        """Which database, and how events lie in it."""

        dsn: SecretStr = Field(
            description="Where it is: postgresql://user@host/database, or host=… dbname=…."
        )
        password: SecretStr | None = Field(
            default=None, description="The password, where `dsn` does not hold it."
        )
        schema_name: str = Field(
            default="public",
            description="The schema that the tables are made in; it must be there.",
        )
        table: str = Field(default="events", description="The table; made where there is none.")
        per_source: bool = Field(
            default=False, description="A table for each source, called `<table>_<source>`."
        )
        timeout: float = Field(
            default=20.0, gt=0, le=300, description="Seconds that a statement may take."
        )

        @field_validator("dsn")
        @classmethod
        def _is_one(cls, dsn: SecretStr) -> SecretStr:
            try:
                conninfo_to_dict(dsn.get_secret_value())
            except psycopg.Error:
                raise ValueError("must be postgresql://… or host=… dbname=…") from None
            return dsn

        @field_validator("table", "schema_name")
        @classmethod
        def _is_a_name(cls, name: str) -> str:
            if not _NAME.fullmatch(name) or len(name) > LONGEST - 10:
                raise ValueError("must be small letters, digits and _, not too many of them")
            return name

    settings: Settings

    async def open(self) -> None:
        """Connect. Raises Retry where that cannot be done now."""
        settings = self.settings
        password = settings.password
        self._database = Database(
            settings.dsn.get_secret_value(),
            password.get_secret_value() if password else None,
            settings.schema_name,
            settings.timeout,
            self.addresses,
        )
        try:
            await self._database.connect()
        except (psycopg.Error, OSError) as error:
            raise Retry(_told(error)) from None

    async def close(self) -> None:
        """Disconnect."""
        await self._database.close()

    @hookimpl
    async def on_batch(self, events: list[Event[Any]]) -> list[bool | Exception | None]:
        """Write the events in one transaction; those that are there already are written anew."""
        tables: defaultdict[str, list[Row]] = defaultdict(list)
        outcomes: list[bool | Exception | None] = []
        for event in events:
            try:
                tables[self._table(event)].append(row(event))
                outcomes.append(True)
            except UnicodeDecodeError:
                outcomes.append(Reject("the payload is not UTF-8"))
        try:
            await self._database.write(tables)
        except NEVER as error:
            if len(events) > 1:
                raise  # the events are tried one by one then, and the wrong one is found
            return [Reject(_told(error))]
        except (psycopg.Error, OSError, Newer) as error:
            raise Retry(_told(error)) from None
        return outcomes

    def _table(self, event: Event[Any]) -> str:
        table = self.settings.table
        return name_of(event.source, table) if self.settings.per_source else table


def _told(error: Exception) -> str:
    """What is wrong, without the row that it is wrong with."""
    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        return f"{error.sqlstate}: {error.diag.message_primary}"
    return f"{type(error).__name__}: {error}"
