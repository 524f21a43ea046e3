"""The registry: changes that are whole or not at all, versions, and the trail of them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from receiver.decisions import Book
from receiver.filters import Filter
from receiver.inbox.registry import Change, ConflictError
from receiver.inbox.sqlite import SqliteInbox, open_store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
async def inbox(tmp_path: Path) -> AsyncIterator[SqliteInbox]:
    store = open_store(tmp_path / "inbox.db")
    yield store
    await store.close()


def without_secret(kind: str, body: bytes) -> bytes:
    shown = json.loads(body)
    shown.pop("secret", None)
    return json.dumps(shown).encode()


async def put(inbox: SqliteInbox, *changes: Change, who: str = "ann") -> int:
    return await inbox.registry.change(
        changes, who=who, action="set", at=NOON, shown=without_secret
    )


async def test_a_change_of_several_records_is_made_whole_or_not_at_all(inbox: SqliteInbox) -> None:
    await put(inbox, Change("route", "one", b"{}", expect=0))

    with pytest.raises(ConflictError, match="there is a route 'one' already"):
        await put(inbox, Change("route", "two", b"{}"), Change("route", "one", b"[]", expect=0))

    assert [record.name for record in await inbox.registry.records("route")] == ["one"]
    assert len(await inbox.registry.audit()) == 1


async def test_who_changes_what_another_has_changed_is_told(inbox: SqliteInbox) -> None:
    await put(inbox, Change("filter", "f", b"{}"))
    read = await inbox.registry.record("filter", "f")
    assert read is not None
    await put(inbox, Change("filter", "f", b'{"enabled": true}', expect=read.version))

    with pytest.raises(ConflictError, match="changed by somebody else"):
        await put(inbox, Change("filter", "f", b"{}", expect=read.version))
    await put(inbox, Change("filter", "f", None))
    with pytest.raises(ConflictError, match="there is no filter 'f' any more"):
        await put(inbox, Change("filter", "f", b"{}", expect=read.version))


async def test_a_record_that_is_made_again_has_a_new_version(inbox: SqliteInbox) -> None:
    await put(inbox, Change("route", "one", b"{}"))
    first = await inbox.registry.record("route", "one")
    await put(inbox, Change("route", "one", None))
    await put(inbox, Change("route", "one", b"{}"))
    second = await inbox.registry.record("route", "one")

    assert first is not None
    assert second is not None
    assert second.version > first.version


async def test_the_revision_grows_with_every_change(inbox: SqliteInbox) -> None:
    assert await inbox.registry.revision() == 0
    revision = await put(inbox, Change("route", "one", b"{}"))
    assert await inbox.registry.revision() == revision > 0
    assert await put(inbox, Change("route", "one", None)) > revision


async def test_the_trail_tells_who_did_what_without_secrets(inbox: SqliteInbox) -> None:
    await put(inbox, Change("route", "one", b'{"a": 1, "secret": "s3cret"}'), who="ann")
    await put(inbox, Change("route", "one", None), who="bob")

    last, first = await inbox.registry.audit()

    assert (first.who, first.before, first.after) == ("ann", None, b'{"a": 1}')
    assert (last.who, last.before, last.after) == ("bob", b'{"a": 1}', None)
    assert await inbox.registry.audit(before=last.number) == [first]
    assert await inbox.registry.audit(name="two") == []


async def test_records_outlive_the_process(tmp_path: Path) -> None:
    store = open_store(tmp_path / "inbox.db")
    await put(store, Change("token", "t", b"{}"))
    await store.close()

    again = open_store(tmp_path / "inbox.db")
    assert [record.name for record in await again.registry.records("token")] == ["t"]
    await again.close()


async def test_filters_are_told_as_they_were(inbox: SqliteInbox) -> None:
    book = Book(inbox.registry)
    online = Filter("system", "online", "", True, frozenset(["hook"]))
    alert = Filter("system", "alert", "", True, frozenset())
    first = await book.put(online, who="ann", action="set filter")
    second = await book.put(alert, who="ann", action="set filter")
    off = Filter("system", "online", "", False, frozenset())
    await book.put(off, who="ann", action="set filter")
    await book.change([], gone=[alert], who="ann", action="remove filter")

    assert await book.filters_at(0) == []
    assert await book.filters_at(first) == [online]
    assert sorted(one.type for one in await book.filters_at(second) or []) == ["alert", "online"]
    assert await book.filters_at(await book.revision()) == [off]


CHANGING = """
import asyncio, json, sys
from datetime import UTC, datetime
from receiver.inbox.registry import Change
from receiver.inbox.sqlite import open_store

async def main():
    registry = open_store(sys.argv[1]).registry
    for number in range(10**6):
        body = json.dumps(number).encode()
        changes = [Change("route", name, body) for name in ("one", "two", "three")]
        await registry.change(
            changes, who="a", action="b", at=datetime.now(UTC), shown=lambda kind, body: body
        )
        print(number, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("changes", [1, 7, 23])
async def test_a_kill_leaves_a_change_whole_or_undone(tmp_path: Path, changes: int) -> None:
    path = tmp_path / "inbox.db"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHANGING, str(path), stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    told = [int(await process.stdout.readline()) for _ in range(changes)]
    process.kill()  # somewhere within one of the next changes
    await process.communicate()

    store = open_store(path)
    records = await store.registry.records("route")
    entries = await store.registry.audit(limit=1000)
    await store.close()

    values = {json.loads(record.body) for record in records}
    assert len(records) == 3
    assert len(values) == 1
    assert values.pop() >= told[-1], "what was acknowledged is kept"
    assert len(entries) % 3 == 0
