"""The test of durability finds nothing where nothing is wrong, and everything that is."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from receiver.cli import app
from receiver.errors import ReceiverError
from receiver.inbox.sqlite import bundles
from receiver.selftest import disk, durability
from receiver.selftest.disk import Flushes, doubts
from receiver.selftest.durability import Result

QUICK = Flushes(100, 0.001, 0.002)


def quiet(text: str) -> None:
    """Nobody wants to know."""


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, durability._Writer]:
    """A store with 200 events, and who has acknowledged them."""
    path = tmp_path / "inbox.db"
    command = [sys.executable, "-m", "receiver.selftest.writer", str(path), "strict", "0", "200"]
    done = subprocess.run(command, input=b"[0, []]\n", capture_output=True, check=True)
    writer = durability._Writer(0)
    for line in done.stdout.splitlines(keepends=True):
        writer.heard(line)
    return path, writer


def spoilt(path: Path, text: str, other: str) -> None:
    """Put another text where one stands in what is kept of events, both as SQL."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE bundles SET heads = replace(heads, {text}, {other})")


def test_killed_writers_lose_nothing_and_leave_nothing_behind(tmp_path: Path) -> None:
    said: list[str] = []
    result = durability.run(
        tmp_path, durability="strict", seconds=2, writers=2, progress=said.append
    )

    assert result.passed, result
    assert result.kills >= 2
    assert result.acknowledged > 100
    assert result.flushes.count > 0
    assert any("kills" in text for text in said)
    assert list(tmp_path.iterdir()) == []


async def test_a_whole_store_has_no_faults(written: tuple[Path, durability._Writer]) -> None:
    path, writer = written
    assert len(writer.acknowledged) == writer.below == 200
    assert await durability._audit(path, [writer]) == ([], [], [])


async def test_a_lost_event_is_found(written: tuple[Path, durability._Writer]) -> None:
    path, writer = written
    with closing(sqlite3.connect(path)) as connection, connection:
        [(seq,)] = connection.execute("SELECT seq FROM events WHERE key = '0.17'").fetchall()
        bundles.delete(connection, [seq])

    assert (await durability._audit(path, [writer]))[0] == ["0.17"]


async def test_an_event_under_another_id_counts_as_lost(
    written: tuple[Path, durability._Writer],
) -> None:
    path, writer = written
    spoilt(path, "(SELECT id FROM events WHERE key = '0.17')", "'other'")

    assert (await durability._audit(path, [writer]))[0] == ["0.17"]


async def test_an_event_that_is_there_twice_is_found(
    written: tuple[Path, durability._Writer],
) -> None:
    path, writer = written
    spoilt(path, """'"0.4"'""", """'"0.3"'""")

    assert (await durability._audit(path, [writer]))[1] == ["0.3"]


async def test_a_damaged_file_is_found(written: tuple[Path, durability._Writer]) -> None:
    path, writer = written
    content = bytearray(path.read_bytes())
    content[4096 * 3 :] = b"\xff" * (len(content) - 4096 * 3)
    path.write_bytes(content)

    lost, _, damage = await durability._audit(path, [writer])

    assert lost or damage


def test_a_writer_that_fails_is_told_and_not_counted_as_killed(tmp_path: Path) -> None:
    writer = durability._Writer(0)
    (tmp_path / "inbox.db").mkdir()
    durability._one_life(writer, tmp_path / "inbox.db", "strict", durability.threading.Event(), 0.1)

    assert writer.kills == 0
    assert "StoreError" in writer.failures[0]


def test_a_cut_off_acknowledgement_counts_for_nothing() -> None:
    writer = durability._Writer(0)
    for line in (b"0 a accepted\n", b"2 c duplicate\n", b"1 b acc"):
        writer.heard(line)

    assert writer.acknowledged == {0: "a", 2: "c"}
    assert (writer.below, writer.recovered) == (1, 1)
    assert json.loads(writer.before()) == [1, [2]]


def test_a_folder_that_cannot_be_used_is_an_error_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ReceiverError, match="cannot test in"):
        durability.run(
            tmp_path / "missing", durability="strict", seconds=1, writers=1, progress=quiet
        )


def test_a_disk_without_room_is_not_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durability, "NEEDED_BYTES", 1 << 62)

    with pytest.raises(ReceiverError, match="MiB left"):
        durability.run(tmp_path, durability="strict", seconds=1, writers=1, progress=quiet)


@pytest.mark.parametrize(
    ("measured", "system", "platform", "word"),
    [
        (QUICK, "tmpfs", "linux", "memory"),
        (QUICK, "nfs4", "linux", "local disk"),
        (QUICK, "fuse.sshfs", "linux", "local disk"),
        (Flushes(9, 3e-6, 9e-6), "ext4", "linux", "too fast to be true"),
        (QUICK, None, "darwin", "macOS"),
    ],
)
def test_what_may_not_be_on_a_disk_is_doubted(
    measured: Flushes, system: str | None, platform: str, word: str
) -> None:
    (doubt,) = doubts(measured, system, platform)
    assert word in doubt


def test_a_usual_disk_is_not_doubted() -> None:
    assert doubts(QUICK, "ext4", "linux") == []


def test_the_innermost_mount_tells_the_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    point = str(tmp_path / "a b").replace(" ", "\\040")
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 /dev/a rw\n"
        f"2 1 8:2 / {point} rw shared:1 - xfs /dev/b rw\n"
        f"3 1 8:3 / {tmp_path}/a rw - tmpfs none rw\n"
    )
    monkeypatch.setattr(disk, "_MOUNTS", mounts)
    inside = tmp_path / "a b" / "c"
    inside.mkdir(parents=True)

    assert disk.file_system(inside) == "xfs"
    assert disk.file_system(tmp_path) == "ext4"


def test_fsync_is_measured_within_its_time(tmp_path: Path) -> None:
    measured = disk.flushes(tmp_path, seconds=0.05, most=20)

    assert 1 <= measured.count <= 20
    assert 0 < measured.median <= measured.p99


@pytest.fixture
def result() -> Result:
    return Result(
        folder="/var/lib/receiver", durability="strict", seconds=2, kills=3, acknowledged=9,
        recovered=1, lost=(), duplicated=(), damage=(), file_system="ext4", flushes=QUICK,
        doubts=("too fast",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "status"),
    [({}, 0), ({"lost": ("0.1",)}, 1), ({"duplicated": ("0.1",)}, 1), ({"damage": ("bad",)}, 1)],
)
def test_the_command_exits_1_on_a_loss(
    result: Result,
    changes: dict[str, tuple[str, ...]],
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(durability, "run", lambda *_, **__: replace(result, **changes))
    asked = ["selftest", "durability", "--store-dir", str(tmp_path / "s")]

    ran = CliRunner().invoke(app, asked)
    told = CliRunner().invoke(app, [*asked, "--json"])

    assert (ran.exit_code, told.exit_code) == (status, status)
    assert "warning       too fast" in ran.stdout
    assert json.loads(told.stdout)["passed"] is (status == 0)
