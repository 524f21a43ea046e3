"""docs/transports.md is true: its example is a transport that a receiver runs."""

from __future__ import annotations

import json
import re
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from receiver.testing import RunningReceiver

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "transports.md").read_text()
FILES: dict[str, str] = dict(
    re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE, flags=re.DOTALL)
)
EVENT = json.loads((ROOT / "generated/samples/gridx_appliance_online.json").read_text())


def install(folder: Path) -> None:
    """What pip makes of the page's package: its module, and its entry points."""
    (folder / "receiver_tail.py").write_text(FILES["receiver_tail.py"])
    project = tomllib.loads(FILES["pyproject.toml"])["project"]
    info = folder / "receiver_tail-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    [(group, entries)] = project["entry-points"].items()
    lines = [f"{name} = {value}" for name, value in entries.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines, ""]))


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[RunningReceiver]:
    site = tmp_path / "site"
    site.mkdir()
    install(site)
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "bridge.jsonl").write_bytes(b"")
    with RunningReceiver(
        folder, config=FILES["receiver.toml"], environ={"PYTHONPATH": str(site)}
    ) as receiver:
        yield receiver


def line(number: int) -> bytes:
    return json.dumps({**EVENT, "id": f"event-{number}"}).encode() + b"\n"


def until_listed(
    receiver: RunningReceiver, number: int, *arguments: str
) -> list[dict[str, object]]:
    """The events of the inbox, once there are so many."""
    end = time.monotonic() + 60
    while True:
        said = receiver.run("events", "list", "--json").stdout
        found: list[dict[str, Any]] = json.loads(said)
        if len(found) >= number:
            return found
        assert time.monotonic() < end, said


@pytest.mark.alone
def test_the_pages_transport_follows_a_file_and_takes_up_a_changed_configuration(
    receiver: RunningReceiver,
) -> None:
    file = receiver.folder / "bridge.jsonl"
    with file.open("ab") as out:
        out.write(line(1) + b"no json\n" + line(2) + b'{"half')
    receiver.wait_for("event-2")
    assert len(until_listed(receiver, 2)) == 2
    checked = receiver.run("quarantine", "list", "--json")
    assert "not JSON" in checked.stdout

    other = receiver.folder / "other.jsonl"
    other.write_bytes(line(3))
    begun = time.monotonic()
    draft = receiver.folder / "draft.toml"
    draft.write_text(FILES["receiver.toml"].replace("bridge.jsonl", "other.jsonl"))
    draft.replace(receiver.folder / "receiver.toml")
    receiver.wait_for("event-3")
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ('path = "bridge.jsonl"\nmots = 1', "receiver.toml:4: [sources.gridx] pull.bridge.mots:"),
        ("most = 0", "greater than or equal to 1"),
        ("", "needs the setting path in [sources.gridx.pull.bridge]"),
        ('path = "env:NOT_SET"', "receiver.toml:3:"),
    ],
)
def test_a_mistake_in_its_settings_is_told_with_file_line_and_fix(
    written: str, says: str, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    install(site)
    config = FILES["receiver.toml"].replace('path = "bridge.jsonl"', written)
    receiver = RunningReceiver(tmp_path, config=config, environ={"PYTHONPATH": str(site)})
    checked = receiver.run("config", "check")
    assert checked.returncode == 1
    assert says in checked.stderr


def test_a_transport_that_is_not_installed_is_told_with_those_that_are(tmp_path: Path) -> None:
    receiver = RunningReceiver(
        tmp_path, config=FILES["receiver.toml"].replace("tail", "flespi-rst")
    )
    checked = receiver.run("config", "check")
    assert checked.returncode == 1
    assert "no transport 'flespi-rst' is installed; did you mean \"flespi-rest\"?" in checked.stderr


def test_status_tells_how_a_puller_is_doing(receiver: RunningReceiver) -> None:
    file = receiver.folder / "bridge.jsonl"
    file.write_bytes(line(1) + line(1) + b"no json\n")
    receiver.wait_for("event-1")

    def status() -> dict[str, Any]:
        said = receiver.run("status", "--json")
        found: dict[str, Any] = json.loads(said.stdout)
        return found

    end = time.monotonic() + 60
    while not (told := status())["pulls"] or not told["pulls"][0]["quarantined"]:
        assert time.monotonic() < end, told
    [pull] = told["pulls"]
    assert (pull["source"], pull["name"], pull["transport"]) == ("gridx", "bridge", "tail")
    assert (pull["state"], pull["accepted"], pull["duplicates"]) == ("pulling", 1, 1)
    assert pull["pulled_at"] is not None
    draft = receiver.folder / "draft.toml"
    draft.write_text(FILES["receiver.toml"].replace("bridge.jsonl", "gone.jsonl"))
    draft.replace(receiver.folder / "receiver.toml")
    while not any("gridx.bridge is failing" in worry for worry in status()["worries"]):
        assert time.monotonic() < end, status()["worries"]
    shown = receiver.run("status").stdout
    assert "gone.jsonl" in shown
    assert "gridx.bridge" in shown
