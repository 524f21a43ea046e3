"""`routes`, `status` and `events replay` on a receiver that runs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from receiver.cli import app
from receiver.testing import RunningReceiver

DOOR = """
import time
from pathlib import Path
from receiver import Retry, hookimpl

@hookimpl
def on_event(event):
    if Path("shut").exists():
        raise Retry("the door is shut")
    if event.replay and Path("slow").exists():
        time.sleep(0.2)
    print(f"let in {event.node} seq {event.seq} replay {event.replay}.", flush=True)
"""
CONFIG = f"""
plugins_dir = "plugins"
[routes.door]
sink = "door"
events = ["appliance/*"]
retry = {{ schedule = {[0.5] * 200} }}
breaker = {{ threshold = 0 }}
"""


@pytest.fixture(scope="module")
def receiver() -> Iterator[RunningReceiver]:
    with RunningReceiver(config=CONFIG, plugins={"door.py": DOOR}) as running:
        running.send("appliance/online", "--count", "40", "--set", "data.applianceID=n-1")
        running.send("gateway/online")
        running.wait_for("seq 40 replay False.")
        yield running


def asked(receiver: RunningReceiver, *arguments: str, status: int = 0) -> Any:
    """What a command prints as JSON; it runs in this process, which is quicker."""
    config = str(receiver.folder / "receiver.toml")
    done = CliRunner().invoke(app, [*arguments, "--json", "--config", config])
    assert done.exit_code == status, done.stderr or done.exception
    return json.loads(done.stdout)


def eventually(receiver: RunningReceiver, wanted: dict[str, Any]) -> dict[str, Any]:
    """The route as `routes list` has it, once it is as wanted."""
    until = time.monotonic() + 40
    while True:
        [row] = asked(receiver, "routes", "list")
        if wanted.items() <= row.items():
            return dict(row)
        assert time.monotonic() < until, row


def test_a_route_is_paused_and_resumed_while_it_runs(receiver: RunningReceiver) -> None:
    assert asked(receiver, "routes", "pause", "door") == {"route": "door", "flow": "paused"}
    eventually(receiver, {"flow": "paused", "state": "running"})
    receiver.send("appliance/online", "--set", "data.applianceID=n-2")
    drained = asked(receiver, "routes", "drain", "door", "--deadline", "0.5", status=1)
    assert (drained["empty"], drained["left"]) == (False, 1)
    asked(receiver, "routes", "resume", "door")
    receiver.wait_for("let in n-2")
    assert asked(receiver, "routes", "drain", "door", "--deadline", "60")["empty"]


def test_a_drain_that_holds_finishes_what_is_open_and_pauses(receiver: RunningReceiver) -> None:
    (receiver.folder / "shut").touch()
    receiver.send("appliance/online", "--set", "data.applianceID=n-3")
    eventually(receiver, {"waiting": 1})
    (receiver.folder / "shut").unlink()
    drained = asked(receiver, "routes", "drain", "door", "--hold", "--deadline", "60")
    assert (drained["empty"], drained["flow"]) == (True, "paused")
    receiver.wait_for("let in n-3")
    asked(receiver, "routes", "resume", "door")


def test_a_sample_goes_through_the_real_sink_and_not_into_the_inbox(
    receiver: RunningReceiver,
) -> None:
    before = asked(receiver, "status")["inbox"]["events"]
    good = asked(receiver, "routes", "test", "door")
    assert (good["delivered"], good["type"]) == (True, "appliance/create")
    unwanted = asked(receiver, "routes", "test", "door", "--type", "gateway/online", status=1)
    assert "does not want gateway/online" in unwanted["why"]
    (receiver.folder / "shut").touch()
    bad = receiver.run("routes", "test", "door", "--json")
    assert json.loads(bad.stdout)["failure"]["message"] == "the door is shut"
    assert bad.returncode == 1
    (receiver.folder / "shut").unlink()
    assert asked(receiver, "status")["inbox"]["events"] == before
    wrong = receiver.run("routes", "test", "dor")
    assert (wrong.returncode, "there is no route 'dor'" in wrong.stderr) == (1, True)


def test_one_screen_says_how_everything_is(receiver: RunningReceiver) -> None:
    told = asked(receiver, "status")
    assert told["worries"] == []
    assert told["delivering_pid"] == receiver.pid
    assert told["inbox"]["durability"] == "strict"
    assert {each["name"]: each["answers"] for each in told["listeners"]}["public"]
    assert told["routes"][0]["breaker"] == "closed"
    screen = receiver.run("status").stdout
    for word in ("door", "delivers", "durability", "dedup", "disk"):
        assert word in screen


def test_old_events_are_delivered_again_by_id_and_by_filter(receiver: RunningReceiver) -> None:
    plan = asked(receiver, "events", "replay", "--since", "1h", "--dry-run")
    assert (plan["dry_run"], plan["routes"][0]["events"]) == (True, plan["routes"][0]["last"] - 1)
    mark = len(receiver.lines)
    done = asked(receiver, "events", "replay", "3")
    assert (done["replays"][0]["state"], done["replays"][0]["delivered"]) == ("done", 1)
    receiver.wait_for("let in n-1 seq 3 replay True.", after=mark)
    done = asked(receiver, "events", "replay", "--node", "n-1", "--route", "door", "--yes")
    assert done["replays"][0]["delivered"] == 40
    none = receiver.run("events", "replay", "--type", "gateway/online", "--yes", "--json")
    assert json.loads(none.stdout)["replays"][0]["delivered"] == 0


def test_an_interrupted_replay_is_halted_and_goes_on_when_it_is_resumed(
    receiver: RunningReceiver,
) -> None:
    (receiver.folder / "slow").touch()
    mark = len(receiver.lines)
    asking = subprocess.Popen(
        [sys.executable, "-m", "receiver", "events", "replay", "--node", "n-1", "--yes", "--json"],
        cwd=receiver.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    receiver.wait_for("seq 2 replay True.", after=mark)
    asking.send_signal(signal.SIGINT)
    out, err = asking.communicate(timeout=60)
    told = json.loads(out)
    number = told["replays"][0]["number"]
    assert (asking.returncode, told["interrupted"]) == (130, True)
    assert f"--resume {number}" in err
    eventually(receiver, {"in_flight": 0})
    (receiver.folder / "slow").unlink()
    [done] = asked(receiver, "events", "replay", "--resume", str(number))["replays"]
    assert done["state"] == "done"
    for number in range(1, 41):
        receiver.wait_for(f"seq {number} replay True.", after=mark)
    seen = {line for line in receiver.lines[mark:] if "replay True." in line}
    assert len(seen) == 40
    again = receiver.run("events", "replay", "--resume", str(number))
    assert (again.returncode, "is not over" in again.stderr) == (1, True)


def test_who_asks_while_nobody_delivers_is_told_and_status_says_so(
    receiver: RunningReceiver,
) -> None:
    receiver.stop()
    [row] = asked(receiver, "routes", "list")
    assert row["state"] == "not delivering"
    asked_for = asked(receiver, "events", "replay", "1", "--detach")
    assert asked_for["replays"][0]["state"] == "running"
    with receiver:
        receiver.wait_for("let in n-1 seq 1 replay True.")
