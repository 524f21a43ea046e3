"""`dead` lists, shows, retries and drops dead letters while the receiver runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from receiver.cli import app
from receiver.testing import RunningReceiver

PICKY = """
from pathlib import Path
from receiver import Reject, hookimpl

@hookimpl
def on_event(event):
    if not Path("open").exists():
        raise Reject("the door is closed")
    print(f"let in {event.node} seq {event.seq} attempt {event.attempt}.", flush=True)
"""


@pytest.fixture(scope="module")
def receiver() -> Iterator[RunningReceiver]:
    """A receiver whose one route has given up on eight events of four nodes."""
    config = 'plugins_dir = "plugins"\n[routes.door]\nsink = "picky"\n'
    with RunningReceiver(config=config, plugins={"picky.py": PICKY}) as running:
        for node in ("n-1", "n-2", "n-3", "n-4"):
            running.send("appliance/online", "--count", "2", "--set", f"data.applianceID={node}")
        running.wait_for("dead letter")
        while len(asked(running, "dead", "list")) < 8:
            pass
        (running.folder / "open").touch()
        yield running


def asked(receiver: RunningReceiver, *arguments: str, status: int = 0) -> Any:
    """What a command prints as JSON; it runs in this process, which is quicker."""
    config = str(receiver.folder / "receiver.toml")
    done = CliRunner().invoke(app, [*arguments, "--json", "--config", config])
    assert done.exit_code == status, done.stderr or done.exception
    return json.loads(done.stdout)


def test_dead_letters_are_retried_and_dropped_by_id_by_filter_and_all(
    receiver: RunningReceiver,
) -> None:
    letters = asked(receiver, "dead", "list")
    assert {letter["failure"]["message"] for letter in letters} == {"the door is closed"}
    assert len(asked(receiver, "dead", "list", "--node", "n-2", "--why", "DOOR")) == 2
    assert asked(receiver, "dead", "list", "--until", "1h") == []

    shown = receiver.run("dead", "show", "1").stdout
    assert "the door is closed" in shown
    assert '"applianceID": "n-1"' in shown

    dry = asked(receiver, "dead", "retry", "--node", "n-1", "--dry-run")
    assert (dry["meant"], dry["done"]) == (2, 0)

    done = asked(receiver, "dead", "retry", letters[0]["event"]["id"], "--yes")
    assert (done["meant"], done["done"], done["routes"]) == (1, 1, ["door"])
    receiver.wait_for("let in n-1 seq 1 attempt 1.")

    assert asked(receiver, "dead", "retry", "--node", "n-2", "--yes")["done"] == 2
    receiver.wait_for("let in n-2 seq 4 attempt 1.")
    lines = [line for line in receiver.lines if "let in n-2" in line]
    assert ["seq 3" in lines[0], "seq 4" in lines[1]] == [True, True]

    nobody = receiver.run("dead", "drop", "--all")
    assert (nobody.returncode, "say --yes" in nobody.stderr) == (2, True)
    assert asked(receiver, "dead", "drop", "2", "--yes")["done"] == 1
    assert asked(receiver, "dead", "retry", "--all", "--yes")["done"] == 4
    receiver.wait_for("let in n-4 seq 8 attempt 1.")
    assert asked(receiver, "dead", "list") == []
    assert not any("seq 2 " in line for line in receiver.lines if "let in" in line)
    attempts = asked(receiver, "events", "show", "8")["attempts"]
    assert [attempt["failure"]["kind"] for attempt in attempts] == ["reject"]


@pytest.mark.parametrize(
    ("arguments", "says", "status"),
    [
        (("retry",), "say which dead letters", 2),
        (("retry", "1", "--all"), "in one way", 2),
        (("retry", "1", "--yes"), "event 1 is no dead letter", 1),
        (("retry", "--route", "dor", "--yes"), "there is no route 'dor'", 1),
        (("show", "no-such-event"), "there is no event", 1),
    ],
)
def test_what_is_meant_must_be_said(
    receiver: RunningReceiver, arguments: tuple[str, ...], says: str, status: int
) -> None:
    done = receiver.run("dead", *arguments)
    assert (done.returncode, says in done.stderr) == (status, True), done.stderr
