"""A full, read-only, deleted or foreign store: errors at once, and recovery without a restart."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from receiver.errors import StoreError
from receiver.inbox import Query, RouteStart
from receiver.inbox.sqlite.storefile import StoreFile


def happened(process):
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return json.loads(out)


def check(report):
    assert report["before"] > 20
    assert report["refused"] >= 64
    assert report["slowest"] < 2
    assert report["recovered"]
    assert report["lost"] == []
    assert report["unpromised"] == []
    assert report["integrity"] == "ok"
    assert all("disk" in error for error in report["errors"])


async def test_a_file_that_may_not_grow_refuses_everyone_and_recovers(path, start):
    report = await asyncio.to_thread(happened, start("fill.py", path, "limit"))

    check(report)


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk can be mounted by root only")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


async def test_a_full_disk_refuses_everyone_and_recovers(small_disk, start):
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"\0" * (2 * 1024 * 1024))

    report = await asyncio.to_thread(happened, start("fill.py", small_disk / "inbox.db", ballast))

    check(report)


@pytest.fixture
def locked_folder():
    """A folder that others may look into, but nobody may write."""
    with tempfile.TemporaryDirectory() as outer:
        Path(outer).chmod(0o755)
        folder = Path(outer, "kept")
        folder.mkdir(mode=0o555)
        yield folder


async def test_a_store_that_may_not_be_written_refuses_and_recovers(locked_folder, start):
    process = start("unwritable.py", locked_folder / "inbox.db", stdin=subprocess.PIPE)

    refusal = await asyncio.to_thread(process.stdout.readline)
    await asyncio.to_thread(locked_folder.chmod, 0o777)
    out, err = await asyncio.to_thread(process.communicate, "go on\n", 30)

    assert refusal.startswith("refused the store"), err
    assert out == "accepted\n", err


@pytest.mark.alone
async def test_a_deleted_store_refuses_until_it_is_put_back(inbox, path, tmp_path, entry):
    await inbox.append([entry(id="before")])
    aside = tmp_path / "aside.db"
    path.rename(aside)

    for _ in range(2):
        began = time.monotonic()
        with pytest.raises(StoreError, match="gone"):
            await inbox.append([entry()])
        with pytest.raises(StoreError, match="gone"):
            await inbox.read(Query())
        assert time.monotonic() - began < 1
    assert not path.exists()

    aside.rename(path)
    await inbox.append([entry(id="after")])
    assert [event.id for event in await inbox.read(Query())] == ["before", "after"]


async def test_another_file_in_its_place_is_refused(inbox, store, path, tmp_path, entry):
    await inbox.append([entry(id="mine")])
    other = store(tmp_path / "other.db")
    await other.append([entry(), entry()])
    await other.close()
    path.rename(tmp_path / "aside.db")
    shutil.copy(tmp_path / "other.db", path)

    with pytest.raises(StoreError, match="another file"):
        await inbox.append([entry()])
    with pytest.raises(StoreError, match="another file"):
        await inbox.read(Query())

    (tmp_path / "aside.db").replace(path)
    assert [event.id for event in await inbox.read(Query())] == ["mine"]


@pytest.mark.parametrize("copy", ["other store", "older copy"])
def test_another_content_of_its_file_is_refused(path, tmp_path, copy):
    file = StoreFile(path, "FULL")
    file.connected()
    file.let_go()
    if copy == "older copy":
        shutil.copy(path, tmp_path / "copy.db")
        file.last_seq = 7
    else:
        other = StoreFile(tmp_path / "copy.db", "FULL")
        other.connected()
        other.close()
    shutil.copyfile(tmp_path / "copy.db", path)

    with pytest.raises(StoreError, match="older copy"):
        file.connected()
    file.close()


async def test_a_file_that_is_no_store_is_refused(store, path, tmp_path, entry):
    path.write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    with pytest.raises(StoreError, match="not a store"):
        await store().append([entry()])

    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE cats (name)")
    connection.close()
    with pytest.raises(StoreError, match="another program"):
        await store(foreign).append([entry()])


async def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(store, tmp_path, entry):
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match=r"file/inbox\.db"):
        await store(tmp_path / "file" / "inbox.db").append([entry()])


async def test_a_foreign_program_that_keeps_it_locked_is_named_and_waited_for(inbox, path, entry):
    await inbox.append([entry()])
    foreign = sqlite3.connect(path, isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    appending = asyncio.create_task(inbox.append([entry()]))
    await asyncio.sleep(0.1)
    foreign.execute("COMMIT")
    assert len(await appending) == 1

    foreign.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another program keeps it locked"):
        await inbox.append([entry()])
    foreign.close()
    assert len(await inbox.append([entry()])) == 1


async def test_an_event_that_cannot_be_kept_does_not_take_others_with_it(inbox, entry):
    taken = entry(id="taken")
    await inbox.append([taken])
    sendings = [
        inbox.append([entry(id="good 1")]),
        inbox.append([entry(id="taken")]),
        inbox.append([entry(node="\ud800")]),
        inbox.append([entry(id="good 2")]),
        inbox.append([entry(id="all"), entry(time=entry().time.replace(tzinfo=None))]),
    ]

    outcomes = await asyncio.gather(*sendings, return_exceptions=True)

    assert [isinstance(outcome, StoreError) for outcome in outcomes] == [
        False, True, True, False, True,
    ]  # fmt: skip
    assert [event.id for event in await inbox.read(Query())] == ["taken", "good 1", "good 2"]


async def test_a_verdict_that_could_not_be_saved_is_saved_before_anything_is_claimed(
    inbox, path, tmp_path, entry
):
    await inbox.register([RouteStart(route="r")])
    await inbox.append([entry(id="a", node="N"), entry(id="b", node="N")])
    now = entry().received_at
    claims = await inbox.claim("r", 9, now=now, match=lambda head: True)
    path.rename(tmp_path / "aside.db")
    with pytest.raises(StoreError):
        await inbox.settle(claims)
    with pytest.raises(StoreError):
        await inbox.claim("r", 9, now=now, match=lambda head: True)

    (tmp_path / "aside.db").rename(path)
    claims += await inbox.claim("r", 9, now=now, match=lambda head: True)

    assert [claim.event.id for claim in claims] == ["a", "b"]
    assert (await inbox.places())[0].position == 1


async def test_a_verdict_that_could_not_be_saved_is_owed_though_an_older_one_is_told_after_it(
    inbox, entry, monkeypatch
):
    await inbox.register([RouteStart(route="r")])
    await inbox.append([entry(id=name, node=name) for name in "abc"])
    now = entry().received_at
    a, b = await inbox.claim("r", 2, now=now, match=lambda head: True)
    engine = inbox._running()
    do, done, may_tell = engine.do, asyncio.Event(), asyncio.Event()

    async def told_late(work):
        outcome = await do(work)
        done.set()
        await may_tell.wait()
        return outcome

    async def failing(work):
        raise StoreError("the disk is full")

    monkeypatch.setattr(engine, "do", told_late)
    older = asyncio.create_task(inbox.settle([a]))
    await asyncio.wait_for(done.wait(), 60)
    monkeypatch.setattr(engine, "do", failing)
    with pytest.raises(StoreError):
        await inbox.settle([b])
    may_tell.set()
    await older

    with pytest.raises(StoreError):  # as long as it cannot be saved
        await inbox.claim("r", 1, now=now, match=lambda head: True)
    monkeypatch.setattr(engine, "do", do)
    [c] = await inbox.claim("r", 9, now=now, match=lambda head: True)

    assert c.event.id == "c"
    assert (await inbox.places())[0].position == 2
