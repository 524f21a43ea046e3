"""A changed configuration in processes that run: taken up within a second, or not at all."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from receiver import configured
from receiver.errors import ConfigError
from receiver.reloading import Reloading, restarting
from receiver.settings.file import load

Make = Callable[..., Any]

SECOND = """
[routes.second]
sink = "others"
"""
OTHERS = """
from receiver import hookimpl

@hookimpl
def on_event(event):
    with open("others.txt", "a") as file:
        file.write(event.id + "\\n")
"""


@pytest.mark.alone
def test_a_secret_is_rotated_under_load_within_a_second(
    make: Make, platform: Any, eventually: Any, config: str
) -> None:
    serving = make()
    eventually(lambda: len(serving.workers) == 2)
    old, new = platform(serving.receiver), platform(serving.receiver, "hush-b")
    assert (old.send().status_code, new.send().status_code) == (200, 401)
    both = config.replace('"hush-a" }', '"hush-a" }, { name = "b", value = "hush-b" }')
    statuses: Counter[int] = Counter()
    ended = threading.Event()

    def load() -> None:
        while not ended.is_set():
            statuses[old.send().status_code] += 1

    loading = threading.Thread(target=load)
    loading.start()
    serving.configure(both)
    time.sleep(1.0)
    answers = {new.send().status_code for _ in range(20)}
    ended.set()
    loading.join()
    assert answers == {200}
    assert set(statuses) == {200}, "the old secret went on proving"
    serving.configure(config.replace("hush-a", "hush-b"))
    time.sleep(1.0)
    assert {old.send().status_code for _ in range(20)} == {401}
    said = [line for line in serving.receiver.lines if "is in use" in line]
    assert len(said) == 2, "each change is told once, by one process of all"


@pytest.mark.alone
def test_a_secret_in_a_file_of_its_own_is_followed(
    make: Make, platform: Any, eventually: Any, tmp_path: Path, config: str
) -> None:
    (tmp_path / "secret").write_text("hush-a\n")
    serving = make(config.replace('"hush-a"', '"file:secret"'))
    eventually(lambda: len(serving.workers) == 2)
    new = platform(serving.receiver, "hush-b")
    assert new.send().status_code == 401
    (tmp_path / "secret").write_text("hush-b\n")
    time.sleep(1.0)
    assert {new.send().status_code for _ in range(10)} == {200}


@pytest.mark.alone
def test_a_route_is_added_and_removed_while_events_are_delivered(
    make: Make, platform: Any, eventually: Any, config: str
) -> None:
    serving = make()
    serving.receiver.wait_for("  delivering list")
    sender = platform(serving.receiver)
    sender.send()
    eventually(lambda: len(serving.got()) == 1)
    (serving.folder / "plugins" / "others.py").write_text(OTHERS)
    serving.configure(config + SECOND)
    time.sleep(1.0)
    sender.send()
    others = serving.folder / "others.txt"
    eventually(lambda: others.exists() and others.read_text().split() == sender.accepted[1:])
    serving.configure(config)
    time.sleep(1.0)
    sender.send()
    eventually(lambda: serving.got() == sender.accepted)
    assert others.read_text().split() == sender.accepted[1:2]
    serving.configure(config + SECOND)
    eventually(lambda: others.read_text().split() == sender.accepted[1:])


MISTAKES = {
    "[server]\npublic = ": "no valid TOML",
    "": "is empty; nothing was changed",
    '[sources.gridx]\nsecrets = [{ name = "a", value = "env:NOWHERE" }]': "NOWHERE is not set",
    "[rotes]": "rotes: there is no such key",
}


def test_a_file_that_does_not_validate_changes_nothing_and_is_one_line(
    make: Make, platform: Any, eventually: Any, config: str
) -> None:
    serving = make()
    serving.receiver.wait_for("  delivering list")
    eventually(lambda: len(serving.workers) == 2)
    sender = platform(serving.receiver)
    sender.send()
    for text, line in MISTAKES.items():
        mark = len(serving.receiver.lines)
        serving.configure(text)
        serving.receiver.wait_for(line, after=mark)
        time.sleep(1.0)
        assert {sender.send().status_code for _ in range(10)} == {200}
        eventually(lambda: serving.got() == sender.accepted)
        told = serving.receiver.lines[mark:]
        assert sum("nothing was changed" in line for line in told) == 1
    serving.configure(config + SECOND.replace("others", "absent"))
    serving.receiver.wait_for("no sink 'absent' is installed")
    assert sender.send().status_code == 200


def test_what_needs_new_processes_is_told(make: Make, eventually: Any, config: str) -> None:
    serving = make()
    serving.receiver.wait_for("  delivering list")
    serving.configure(config.replace("grace = 5", "grace = 6"))
    serving.receiver.wait_for("server.grace: changes with a reload (SIGHUP)")


def test_what_is_taken_up_is_not_said_to_need_them(tmp_path: Path) -> None:
    (tmp_path / "sinks").mkdir()
    texts = {
        "old": "",
        "taken": 'plugins_dir = "sinks"\nautoroute = false\n[retention]\nevents = 86400\n'
        '[filters]\ndefault = "disabled"\n[management]\nservices = []\n'
        '[endpoints.lake]\nsink = "console"\n[routes.a]\nsink = "console"\n',
        "not": '[retention]\nevents = 86400\nhard_limit = "30 GiB"\n[server]\nworkers = 3\n',
    }
    found = {}
    for name, text in texts.items():
        (tmp_path / f"{name}.toml").write_text(text)
        found[name] = load(tmp_path / f"{name}.toml", {})

    assert restarting(found["old"], found["taken"]) == []
    assert restarting(found["old"], found["not"]) == ["server.workers", "retention.hard_limit"]


class Followed:
    """What was taken up of a configuration in a folder."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "receiver.toml"
        self.environ = {"RECEIVER_CONFIG": str(self.file)}
        self.taken: list[list[str]] = []
        self.write("a")
        setup = configured.current(self.environ)
        assert setup.found.store_path.parent == folder / ".receiver"
        setup.found.store_path.parent.mkdir()
        served = configured.contract(setup.found)
        self.reloading = Reloading(setup, served, self.environ, self.take_up)

    def write(self, name: str) -> None:
        text = f'[sources.gridx]\nsecrets = [{{ name = "{name}", value = "x" }}]\n'
        self.file.write_text(text)

    async def take_up(self, fresh: configured.Setup) -> None:
        keys = fresh.keys.for_source("gridx")
        assert keys is not None
        self.taken.append([secret.name for secret in keys.secrets])


async def test_a_file_that_is_still_being_written_is_left_alone(tmp_path: Path) -> None:
    followed = Followed(tmp_path)
    await followed.reloading.look()
    for name in ("b", "bb", "bbb"):
        followed.write(name)
        await followed.reloading.look()
    assert followed.taken == []
    await followed.reloading.look()
    assert followed.taken == [["bbb"]]
    await followed.reloading.look()
    assert followed.taken == [["bbb"]]


async def test_a_file_that_is_gone_changes_nothing_until_it_is_back(tmp_path: Path) -> None:
    followed = Followed(tmp_path)
    followed.file.rename(tmp_path / "away")
    for _ in range(3):
        await followed.reloading.look()
    followed.write("c")
    for _ in range(2):
        await followed.reloading.look()
    assert followed.taken == [["c"]]


async def test_what_cannot_be_used_is_tried_again_when_it_changes(tmp_path: Path) -> None:
    followed = Followed(tmp_path)
    refused: list[configured.Setup] = []

    async def refuse(fresh: configured.Setup) -> None:
        refused.append(fresh)
        raise ConfigError("not today")

    followed.reloading._take_up = refuse
    followed.write("dd")
    for _ in range(4):
        await followed.reloading.look()
    assert len(refused) == 1
    followed.write("eee")
    for _ in range(4):
        await followed.reloading.look()
    assert len(refused) == 2


async def test_what_lacked_a_file_is_taken_up_when_the_file_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receiver.reloading.AGAIN_SECONDS", 0.0)
    followed = Followed(tmp_path)
    followed.file.write_text('[sources.gridx]\nsecrets = [{ name = "f", value = "file:late" }]\n')
    for _ in range(3):
        await followed.reloading.look()
    assert followed.taken == []
    (tmp_path / "late").write_text("hush")
    await followed.reloading.look()
    assert followed.taken == [["f"]]
