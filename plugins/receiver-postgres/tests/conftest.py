"""A real PostgreSQL of its own, as long as the session; a schema for each test."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

_numbers = itertools.count()


def _program(name: str) -> str | None:
    """Where a program of PostgreSQL is; Debian keeps them out of PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(debian[-1]) if debian else None)


def _somebody() -> dict[str, Any]:
    """Who the server runs as: it refuses to be root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    pytest.skip("there is nobody but root to run a server")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The connection string of a server; skips where there is no PostgreSQL."""
    initdb, postgres = _program("initdb"), _program("postgres")
    if initdb is None or postgres is None:
        pytest.skip("there is no PostgreSQL here (apt-get install postgresql)")
    who = _somebody()
    folder = Path(tempfile.mkdtemp(prefix="receiver-postgres-"))
    if who:
        os.chown(folder, who["user"], who["group"])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = folder / "data"
    common: dict[str, Any] = {"cwd": folder, "env": {"LC_ALL": "C", "PATH": os.environ["PATH"]}}
    subprocess.run(
        [initdb, "-D", data, "-U", "receiver", "--auth=trust", "-E", "UTF8", "--no-sync"],
        check=True,
        capture_output=True,
        **common,
        **who,
    )
    options = ["-h", "127.0.0.1", "-p", str(port), "-k", str(folder), "-F"]
    process = subprocess.Popen(
        [postgres, "-D", data, *options], stderr=subprocess.PIPE, text=True, **common, **who
    )
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if "ready to accept connections" in line:
                break
        yield f"postgresql://receiver@127.0.0.1:{port}/postgres"
    finally:
        process.terminate()
        process.communicate(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


class Seen:
    """A schema, seen by somebody else."""

    def __init__(self, server: str, name: str) -> None:
        self.name = name
        self.connection = psycopg.connect(server, autocommit=True)
        self.run("CREATE SCHEMA {}")

    def run(self, text: str, table: str = "events") -> list[Any]:
        """Rows of a statement in which the first {} is the schema, a second one its table."""
        places = [sql.Identifier(self.name)]
        if text.count("{}") > 1:
            places.append(sql.Identifier(table))
        found = self.connection.execute(sql.SQL(text).format(*places))  # type: ignore[arg-type]
        return found.fetchall() if found.description else []


@pytest.fixture
def seen(server: str) -> Iterator[Seen]:
    found = Seen(server, f"test_{next(_numbers)}")
    yield found
    found.connection.close()


@pytest.fixture
def settings(server: str, seen: Seen) -> dict[str, Any]:
    return {
        "dsn": server,
        "password": "s3cr3t-of-the-database",
        "schema_name": seen.name,
        "allow_private": True,
    }
