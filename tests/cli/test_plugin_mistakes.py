"""A mistake in a plugin's file stops the start, also of a plugin that nobody routed by hand."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from receiver.testing import RunningReceiver

Run = Callable[..., subprocess.CompletedProcess[str]]

HEAD = "from receiver import Sink, hookimpl\n"
MISTAKES = {
    "there is no hook on_evnt; did you mean on_event?": "@hookimpl\ndef on_evnt(event): ...",
    "on_event asks for evnt; did you mean event?": "@hookimpl\ndef on_event(evnt): ...",
    "implements no hook; write @hookimpl above": "def nothing(): ...",
    "cannot be imported: SyntaxError: '(' was never closed": "x = (",
    "there is no hook gridx_onlin": """
class Chat(Sink):
    class Settings(Sink.Settings):
        url: str

    @hookimpl
    def gridx_onlin(self, event): ...
""",
}
NEEDY = (
    HEAD
    + """
class Chat(Sink):
    class Settings(Sink.Settings):
        url: str
        room: str

    @hookimpl
    def on_event(self, event): ...
"""
)


def write(folder: Path, **plugins: str) -> None:
    (folder / "mine").mkdir()
    for name, text in plugins.items():
        (folder / "mine" / f"{name}.py").write_text(text)


@pytest.mark.parametrize("said", MISTAKES)
def test_a_mistake_in_a_plugins_file_stops_the_start(run: Run, tmp_path: Path, said: str) -> None:
    write(tmp_path, bad=HEAD + MISTAKES[said])
    done = run("dev", "--port", "0", "--plugins-dir", "mine")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert said in done.stderr
    assert str(tmp_path / "mine" / "bad.py") in done.stderr
    checked = run("config", "check", "--plugins-dir", "mine")
    assert checked.returncode == 1
    assert said in checked.stderr


def test_a_syntax_error_is_told_where_it_stands(run: Run, tmp_path: Path) -> None:
    write(tmp_path, bad=HEAD + "\nx = (\n")
    done = run("config", "check", "--plugins-dir", "mine")
    assert f"({tmp_path / 'mine' / 'bad.py'}, line 3)" in done.stderr


def test_a_broken_distribution_that_nobody_routes_is_told_and_stops_nothing(
    tmp_path: Path,
) -> None:
    info = tmp_path / "site" / "receiver_odd-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: receiver-odd\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[receiver.sinks]\nodd = receiver_odd\n")
    (tmp_path / "site" / "receiver_odd.py").write_text(HEAD + "@hookimpl\ndef on_evnt(): ...")
    path = {"PYTHONPATH": str(tmp_path / "site")}
    with RunningReceiver(tmp_path / "run", environ=path) as receiver:
        assert any("sink odd (receiver-odd 1.2): there is no hook" in s for s in receiver.lines)
        assert any("routes     console" in line for line in receiver.lines)
        assert not any("routes" in line and "odd" in line for line in receiver.lines)
        assert receiver.run("config", "check").returncode == 0


@pytest.mark.parametrize(
    "command", [("dev", "--port", "0"), ("config", "check"), ("sinks", "list")]
)
def test_a_folder_of_plugins_that_is_not_there_is_an_error(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    done = run(*command, "--plugins-dir", "nodir")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"--plugins-dir: plugins_dir: {tmp_path / 'nodir'} does not exist" in done.stderr
    (tmp_path / "receiver.toml").write_text('plugins_dir = "nofolder"')
    done = run(*command)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"receiver.toml:1: plugins_dir: {tmp_path / 'nofolder'} does not exist" in done.stderr


def test_sinks_that_need_settings_are_named_at_start_with_where_to_read_on(
    tmp_path: Path,
) -> None:
    with RunningReceiver(tmp_path, plugins={"chat.py": NEEDY}) as receiver:
        [line] = [line for line in receiver.lines if "not routed chat" in line]
    command = f"receiver sinks describe chat --plugins-dir {tmp_path / 'plugins'}"
    assert line == f"  not routed chat: needs url, room; see: {command}"
    done = receiver.run(*command.split()[1:], "--json")
    assert json.loads(done.stdout)["name"] == "chat"
    assert (
        "one of a plugins folder needs --plugins-dir" in receiver.run(*command.split()[1:4]).stderr
    )
