"""What holds for every command: help that teaches, failures in one line, no needless loading."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

import receiver
from receiver.cli import app, main

Run = Callable[..., subprocess.CompletedProcess[str]]


def commands(found: object = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command, groups left out."""
    command = found or get_command(app)
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path
        return
    for name, below in inner.items():
        yield from commands(below, (*path, name))


def help_of(path: tuple[str, ...]) -> str:
    command = get_command(app)
    for name in path:
        command = command.commands[name]  # type: ignore[attr-defined]  # a group, by the walk
    return command.help or ""


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_the_help_of_every_command_has_an_example_of_it(path: tuple[str, ...]) -> None:
    assert f"receiver {' '.join(path)}" in help_of(path)


def groups() -> list[tuple[str, ...]]:
    return sorted({path[:-1] for path in commands()})


@pytest.mark.parametrize("path", groups(), ids=" ".join)
def test_what_a_command_does_is_never_cut_short(path: tuple[str, ...], run: Run) -> None:
    listed = run(*path, "--help", COLUMNS="80").stdout.partition("Commands:")[2]
    assert listed
    assert "..." not in listed


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").stdout == f"receiver {receiver.__version__}\n"


def test_wrong_usage_exits_2(run: Run) -> None:
    done = run("events", "list", "--limt", "3")
    assert done.returncode == 2
    assert "No such option: --limt" in done.stderr


def test_a_failure_is_one_line_and_no_traceback(run: Run) -> None:
    done = run("config", "show", "--config", "absent.toml")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)


def test_a_traceback_comes_when_asked_for(run: Run) -> None:
    done = run("config", "show", "--config", "absent.toml", RECEIVER_DEBUG="1")
    assert "Traceback" in done.stderr


def test_even_an_unexpected_failure_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = typer.Typer()

    @broken.command()
    def fail() -> None:
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr(receiver.cli, "app", broken)
    monkeypatch.setattr(sys, "argv", ["receiver"])
    with pytest.raises(SystemExit) as caught:
        receiver.cli.main()
    assert caught.value.code == 1
    assert capsys.readouterr().err.startswith("receiver: unexpected ZeroDivisionError: by nought;")


def test_a_store_of_another_user_is_one_line_that_says_whose_it_is(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    barred: Any,
) -> None:
    def status() -> str:
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 1
        return capsys.readouterr().err

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["receiver", "status"])
    assert "there is no inbox" in status()  # everything that it needs is loaded now

    folder = tmp_path / ".receiver"
    folder.mkdir()
    (folder / "inbox.db").touch()
    tmp_path.chmod(0o755)
    with barred(folder):
        told = status()

    assert f"{folder}/inbox.db: permission denied" in told
    assert told.count("\n") == 1
    assert "fault of Receiver" not in told
    if os.geteuid() == 0:
        assert "run this as root (sudo -u root …)" in told


def test_a_reader_that_goes_away_is_no_failure_to_talk_about() -> None:
    command = f"{sys.executable} -m receiver config show | true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_help_loads_no_server_no_store_and_no_client() -> None:
    heavy = "connexion uvicorn httpx sqlite3 jsonschema_rs jinja2 rich yaml cryptography"
    script = (
        "import sys, receiver.cli; "
        f"print([name for name in {heavy.split()!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
