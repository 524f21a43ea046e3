"""The inbox is backed up while events come in, and restored, as docs/operations.md says."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from receiver.testing import RunningReceiver

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "generated" / "samples" / "gridx_appliance_online.json"
PAGE = (ROOT / "docs" / "operations.md").read_text()
BACK_UP, RESTORE = (
    re.findall(rf"<!-- {name} -->\n```sh\n(.*?)```", PAGE, flags=re.DOTALL)[0]
    for name in ("back up", "restore")
)
FOLDER = "/var/lib/receiver"
GOT = """
from receiver import hookimpl, Retry

@hookimpl
def on_event(event):
    if event.node == "stays":
        raise Retry("not now", after=3600)
    print(f"got {event.seq} {event.id}", flush=True)
"""


def shell(commands: str, store: Path, copies: Path) -> None:
    """Run what the page says on a store in another place, as a user who needs no sudo."""
    said = (
        commands.replace(f"{FOLDER}/backup.db", str(copies / "backup.db"))
        .replace(FOLDER, str(store))
        .replace(" backup.db", f" {copies / 'backup.db'}")
        .replace("sudo ", "")
        .replace("-o receiver -g receiver ", "")
    )
    mine = [line for line in said.splitlines() if not line.startswith("systemctl")]
    for line in mine:
        if line.startswith("sqlite3 ") and shutil.which("sqlite3") is None:
            [(path, sql)] = re.findall(r'sqlite3 (\S+) "(.+)"', line)
            with closing(sqlite3.connect(path)) as connection:
                connection.execute(sql)
        else:
            subprocess.run(["sh", "-ec", line], check=True, timeout=60)


@pytest.fixture
def receiver(tmp_path: Path) -> RunningReceiver:
    return RunningReceiver(tmp_path / "runs", plugins={"got.py": GOT})


def listed(receiver: RunningReceiver, what: str) -> list[Any]:
    """What the command line tells of the events, or of the quarantine."""
    done = receiver.run(what, "list", "--limit", "100000", "--json")
    found: list[Any] = json.loads(done.stdout)
    return found


def test_a_copy_made_under_load_is_whole_and_goes_on_where_it_was(
    receiver: RunningReceiver, tmp_path: Path
) -> None:
    store, copies = receiver.folder / ".receiver", tmp_path / "copies"
    copies.mkdir()
    with receiver:
        receiver.send("appliance/online", "--count", "50")
        receiver.send("appliance/online", "--set", "data.applianceID=stays")
        odd = receiver.folder / "odd.json"
        odd.write_text('{"type": "nobody/knows", "id": "1"}')
        receiver.send("appliance/online", "--raw", str(odd))
        receiver.wait_for("got 50 ")
        stop = threading.Event()
        sending = threading.Thread(target=load, args=(receiver, stop))
        sending.start()
        receiver.wait_for("got 60 ")
        shell(BACK_UP, store, copies)
        stop.set()
        sending.join()
        before, odd_before = listed(receiver, "events"), listed(receiver, "quarantine")
    with closing(sqlite3.connect(copies / "backup.db")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)

    copied = RunningReceiver(tmp_path / "restored", plugins={"got.py": GOT})
    (copied.folder / ".receiver").mkdir()
    for name in ("inbox.db", "inbox.db-wal", "inbox.db-shm"):
        (copied.folder / ".receiver" / name).write_bytes(b"of another inbox")
    shutil.copy(store / "secrets.json", copied.folder / ".receiver" / "secrets.json")
    shell(RESTORE, copied.folder / ".receiver", copies)
    with copied:
        after = listed(copied, "events")
        assert 51 < len(after) < len(before)
        assert after == before[: len(after)], "every event with its position, id and payload"
        assert listed(copied, "quarantine") == odd_before
        [new] = copied.send("appliance/online")
        copied.wait_for(new["ids"][0])
        shown = copied.run("events", "show", "51", "--json").stdout
        assert '"not now"' in shown, "the failed attempt is remembered"
    delivered = [line for line in copied.lines if re.search(r"got \d+ ", line)]
    positions = [int(re.findall(r"got (\d+) ", line)[0]) for line in delivered]
    assert min(positions) > 50, "what was delivered before the copy is not delivered again"
    assert positions[-1] == len(after) + 1


def load(receiver: RunningReceiver, stop: threading.Event) -> None:
    while not stop.is_set():
        receiver.send("appliance/online", "--count", "200")


def test_a_sender_that_comes_again_after_the_restore_is_recognised(
    receiver: RunningReceiver, tmp_path: Path
) -> None:
    store, copies = receiver.folder / ".receiver", tmp_path / "copies"
    copies.mkdir()
    same = ("appliance/online", "--raw", str(SAMPLE))
    with receiver:
        [first] = receiver.send(*same)
        shell(BACK_UP, store, copies)
    shell(RESTORE, store, copies)
    with receiver:
        [second] = receiver.send(*same)
    assert second["said"] == "duplicate"
    assert second["ids"] == first["ids"]


def test_an_older_copy_under_a_receiver_that_runs_is_refused_not_mixed(
    receiver: RunningReceiver, tmp_path: Path
) -> None:
    store, copies = receiver.folder / ".receiver", tmp_path / "copies"
    copies.mkdir()
    with receiver:
        receiver.send("appliance/online")
        shell(BACK_UP, store, copies)
        receiver.send("appliance/online", "--count", "3")
        shell(RESTORE, store, copies)
        [answer] = receiver.send("appliance/online")
        assert answer["status"] == 503
        receiver.wait_for("restart Receiver")
