"""The store's folder and files: may we use them, may others, and can the inbox be opened?

Must not know: what is in the inbox.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from receiver import keptsecrets
from receiver.doctor.finding import Finding, fail, ok, warn
from receiver.errors import StoreError
from receiver.inbox import Query
from receiver.inbox.sqlite import open_store

OTHERS = 0o077


def permissions(path: Path) -> Iterator[Finding]:
    """Who may read and write what is in the folder of the store at `path`."""
    folder = path.parent
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield fail("store", f"{folder} cannot be written by this user", "run as its owner")
        return
    found = list(_ours(path))
    for file in (folder, path, folder / keptsecrets.FILE):
        if file.exists() and file.stat().st_mode & OTHERS:
            fix = f"chmod {'700' if file == folder else '600'} {file}"
            secret = file.name == keptsecrets.FILE
            text = f"others may read {file}"
            found.append(fail("store", text, fix) if secret else warn("store", text, fix))
    yield from found
    if not found:
        yield ok("store", f"{folder} is ours alone")


def _ours(path: Path) -> Iterator[Finding]:
    for file in (path, path.with_name(f"{path.name}.lock"), path.with_name(f"{path.name}-wal")):
        if file.exists() and not os.access(file, os.R_OK | os.W_OK):
            owner = file.stat().st_uid
            yield fail(
                "store", f"{file} cannot be written; user {owner} owns it", "run as that one"
            )


async def opens(path: Path) -> tuple[list[Finding], datetime | None]:
    """Whether the inbox, which is there, can be opened; when its newest event was received."""
    inbox = open_store(path)
    try:
        figures = await inbox.figures()
        newest = await inbox.read(Query(newest_first=True, limit=1))
    except StoreError as error:
        return [fail("inbox", str(error), "see docs/operations.md, At 3 a.m.")], None
    finally:
        await inbox.close()
    text = (
        f"{figures.events} events, {figures.dead} dead letters, {figures.quarantined} quarantined"
    )
    return [ok("inbox", text)], newest[0].received_at if newest else None
