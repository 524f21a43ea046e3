"""`sinks list` and `sinks describe` tell what is installed and how to use it."""

from __future__ import annotations

import json
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

CHAT = '''
from pydantic import Field, SecretStr
from receiver import Sink, hookimpl

class Chat(Sink):
    """Tell a room."""
    class Settings(Sink.Settings):
        url: SecretStr = Field(description="Where.")
        room: str = Field(default="hall", description="Which room.")

    @hookimpl
    def on_event(self, event): ...
'''


@pytest.fixture
def shelf(tmp_path: Path) -> str:
    folder = tmp_path / "sinks"
    folder.mkdir()
    (folder / "chat.py").write_text(CHAT)
    (folder / "broken.py").write_text("import nothing_of_that_name")
    return str(folder)


def test_installed_and_one_file_sinks_are_listed(run: Run, shelf: str) -> None:
    done = run("sinks", "list", "--plugins-dir", shelf, "--json")
    sinks = {sink["name"]: sink for sink in json.loads(done.stdout)}
    assert sinks["console"]["brought_by"].startswith("receiver-framework ")
    assert sinks["console"]["routes"] == ["console (automatic)"]
    assert (sinks["chat"]["kind"], sinks["chat"]["hooks"]) == ("class", ["on_event"])
    assert sinks["chat"]["routes"] == []


def test_a_broken_sink_is_listed_with_its_reason(run: Run, shelf: str) -> None:
    done = run("sinks", "list", "--plugins-dir", shelf)
    [row] = [line for line in done.stdout.splitlines() if line.startswith("broken\t")]
    assert "nothing_of_that_name" in row


def test_a_sink_is_listed_with_the_routes_that_use_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "receiver.toml").write_text('[routes.mine]\nsink = "console"')
    sinks = {sink["name"]: sink for sink in json.loads(run("sinks", "list", "--json").stdout)}
    assert sinks["console"]["routes"] == ["mine"]
    assert sinks["jsonl"]["routes"] == []


def test_a_sink_is_described_with_its_settings_and_the_toml_of_a_route(
    run: Run, shelf: str
) -> None:
    done = run("sinks", "describe", "chat", "--plugins-dir", shelf)
    assert "chat: Tell a room." in done.stdout
    assert "url\tSecretStr\t-\tyes\tyes\tWhere." in done.stdout
    assert 'room\tstr\t"hall"\tno\tno\tWhich room.' in done.stdout
    assert '[routes.chat]\nsink = "chat"\nevents = ["*"]' in done.stdout
    assert '[routes.chat.settings]\nurl = "env:CHAT_URL"' in done.stdout


def test_a_sink_that_is_not_there_names_the_nearest(run: Run) -> None:
    done = run("sinks", "describe", "consol")
    assert (done.returncode, done.stderr) == (
        1,
        "receiver: no sink 'consol'; did you mean \"console\"? "
        "(one of a plugins folder needs --plugins-dir DIR)\n",
    )


def test_the_toml_of_a_route_is_toml_that_lacks_only_what_a_person_must_say(
    run: Run, tmp_path: Path
) -> None:
    told = run("sinks", "describe", "jsonl").stdout.partition("receiver.toml:\n")[2]
    assert tomllib.loads(told) == {
        "routes": {"jsonl": {"sink": "jsonl", "events": ["*"], "settings": {}}}
    }
    assert "# path = …  (Path)" in told
    (tmp_path / "receiver.toml").write_text(told)
    assert "path" in run("serve", "--port", "0").stderr
