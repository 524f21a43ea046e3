"""Bad sinks, bad disks: what was answered 200 is delivered, what was not is said."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from receiver.testing import RunningReceiver

GOOD = """
from receiver import hookimpl

@hookimpl
def on_event(event):
    print(f"good got {event.seq}.", flush=True)
"""
TROUBLE = {
    "raises.py": "raise RuntimeError('broken on purpose')",
    "sleeps.py": "import time; time.sleep(3600)",
    "exits.py": "import sys; sys.exit(3)",
    "nonsense.py": "return object()",
    "surrogate.py": "raise ValueError('\\ud800')",
    "undecoded.py": "raise OSError(b'/caf\\xe9'.decode(errors='surrogateescape'))",
    "overlong.py": "raise ValueError('\\udfff' * 1_000_000)",
    "classless.py": "return type('E', (), {'__class__': property(lambda self: 1 / 0)})()",
    "exiting.py": "import sys; "
    "return type('E', (), {'__class__': property(lambda self: sys.exit(3))})()",
}
NO_LENGTH = """
from receiver import hookimpl

class NoLength(list):
    def __len__(self):
        raise RuntimeError("no length")

@hookimpl
def on_batch(events):
    return NoLength()
"""
CONFIG = """
[routes.good]
sink = "good"
[routes.raises]
sink = "raises"
[routes.sleeps]
sink = "sleeps"
deadline = 0.2
[routes.exits]
sink = "exits"
[routes.nonsense]
sink = "nonsense"
[routes.surrogate]
sink = "surrogate"
[routes.undecoded]
sink = "undecoded"
[routes.overlong]
sink = "overlong"
[routes.classless]
sink = "classless"
[routes.exiting]
sink = "exiting"
[routes.lengthless]
sink = "lengthless"
"""
NONSENSICAL = (
    *("nonsense", "surrogate", "undecoded", "overlong", "classless", "exiting", "lengthless"),
)


def troubled(line: str) -> str:
    return f"from receiver import hookimpl\n\n@hookimpl\ndef on_event(event):\n    {line}\n"


def test_the_good_sink_gets_everything_whatever_the_others_do(tmp_path: Path) -> None:
    plugins = {name: troubled(line) for name, line in TROUBLE.items()}
    plugins |= {"lengthless.py": NO_LENGTH, "good.py": GOOD}
    with RunningReceiver(tmp_path, config=CONFIG, plugins=plugins) as receiver:
        answers = receiver.send("appliance/online", "--count", "40")

        assert [answer["status"] for answer in answers] == [200] * 40
        for seq in range(1, 41):
            receiver.wait_for(f"good got {seq}.")
        assert receiver.send("appliance/online")[0]["status"] == 200
        receiver.wait_for("good got 41.")
        shown = json.loads(receiver.run("events", "show", *answers[0]["ids"], "--json").stdout)
        failed = {attempt["route"] for attempt in shown["attempts"]}
        assert failed >= {"raises", "exits", *NONSENSICAL}


def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    receiver = RunningReceiver(tmp_path, plugins={"good.py": GOOD})
    with receiver:
        receiver.send("appliance/online", "--count", "3")
        receiver.wait_for("good got 3.")
    with receiver:
        mark = len(receiver.lines)
        receiver.send("appliance/online")
        receiver.wait_for("good got 4.")
        assert not any("good got 3." in line for line in receiver.lines[mark:])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk takes root")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def on_disk(tmp_path: Path, disk: Path) -> RunningReceiver:
    return RunningReceiver(
        tmp_path / "here",
        arguments=["--store-dir", str(disk / "store")],
        plugins={"good.py": GOOD},
    )


def test_a_full_disk_answers_503_and_recovers_without_a_restart(
    tmp_path: Path, small_disk: Path
) -> None:
    with on_disk(tmp_path, small_disk) as receiver:
        store = ("--store-dir", str(small_disk / "store"))
        assert receiver.send("appliance/online", *store)[0]["status"] == 200
        ballast = small_disk / "ballast"
        with ballast.open("wb", buffering=0) as file:
            fill(file.fileno())

        refused = until(receiver, 503, *store)
        assert refused["status"] == 503
        ballast.unlink()

        taken = until(receiver, 200, *store)
        assert taken["said"] == "accepted"
        listed = receiver.run("events", "list", "--json", *store)
        assert taken["ids"][0] in listed.stdout


def fill(descriptor: int) -> None:
    """Write until the disk is full."""
    try:
        while True:
            os.write(descriptor, b"\0" * 4096)
    except OSError:
        return


def until(receiver: RunningReceiver, status: int, *store: str) -> dict[str, object]:
    """Send until an answer has this status; the answer. The store may need some sends to notice."""
    for _ in range(50):
        answer = receiver.send("appliance/online", *store)[0]
        if answer["status"] == status:
            return dict(answer)
    raise AssertionError(f"50 events sent, none was answered {status}; last: {answer}")
