"""3 a.m., an event is missing: from its id to the cause, and from there to the cure."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from receiver.cli import app
from receiver.testing import RunningReceiver

TARGET = """
from pathlib import Path
from receiver import Reject, Retry, hookimpl

@hookimpl
def on_event(event):
    state = Path("target").read_text()
    if state == "down":
        raise Retry("connection refused")
    if state == "picky" and event.node == "n-bad":
        raise Reject("422 unknown device")
    print(f"{event.node} arrived as {event.seq}, replay {event.replay}.", flush=True)
"""
CONFIG = """
plugins_dir = "plugins"
[routes.crm]
sink = "crm"
events = ["appliance/*", "!appliance/delete"]
retry = { schedule = [0.3, 3600] }
breaker = { threshold = 0 }
[routes.audit]
sink = "audit"
nodes = ["n-1"]
"""
AUDIT = "from receiver import hookimpl\n\n@hookimpl\ndef on_event(event):\n    pass\n"


def asked(receiver: RunningReceiver, *arguments: str) -> Any:
    """What a command prints as JSON; it runs in this process, which is quicker."""
    config = str(receiver.folder / "receiver.toml")
    done = CliRunner().invoke(app, [*arguments, "--json", "--config", config])
    assert done.stdout, done.stderr or done.exception
    return json.loads(done.stdout)


def on(receiver: RunningReceiver, event: str, route: str) -> dict[str, Any]:
    """What `events explain` says of one route."""
    [found] = asked(receiver, "events", "explain", event, "--route", route)["routes"]
    return dict(found)


def until(receiver: RunningReceiver, event: str, state: str, route: str = "crm") -> dict[str, Any]:
    end = time.monotonic() + 40
    while (found := on(receiver, event, route))["state"] != state:
        assert time.monotonic() < end, found
    return found


def test_a_missing_event_is_found_explained_and_set_right(tmp_path: Path) -> None:
    plugins = {"crm.py": TARGET, "audit.py": AUDIT}
    target = tmp_path / "target"
    target.write_text("down")
    with RunningReceiver(tmp_path, config=CONFIG, plugins=plugins) as receiver:

        def send(type: str, node: str) -> str:
            key = "data.applianceID"
            return str(receiver.send(type, "--set", f"{key}={node}")[0]["ids"][0])

        missing = send("appliance/online", "n-1")
        behind = send("appliance/offline", "n-1")
        other = send("appliance/delete", "n-2")

        # The customer names a device; the list has the event, and its id.
        [first, _] = asked(receiver, "events", "list", "--node", "n-1", "--since", "1h")
        assert first["id"] == missing

        # It was not lost: the target refused it, and it is tried again at a known time.
        found = until(receiver, missing, "waiting")
        while len(found["attempts"]) < 2:
            found = on(receiver, missing, "crm")
        assert (found["wanted"], found["by"]) == (True, "events: appliance/*")
        assert found["attempts"][-1]["failure"]["message"] == "connection refused"
        assert found["next"] == "attempt 3"
        assert found["next_at"] is not None
        held = on(receiver, behind, "crm")
        assert (held["state"], missing in held["made"]) == ("held", True)
        unwanted = on(receiver, other, "crm")
        assert (unwanted["wanted"], "!appliance/delete" in unwanted["by"]) == (False, True)
        until(receiver, missing, "delivered", "audit")
        until(receiver, other, "unwanted", "audit")
        assert "connection refused" in receiver.run("events", "explain", missing).stdout
        assert any(row["waiting"] for row in asked(receiver, "status")["routes"])

        # The target is up again, but knows one device not: that becomes a dead letter, and a cure.
        target.write_text("picky")
        bad = send("appliance/online", "n-bad")
        until(receiver, bad, "dead")
        assert any("crm has 1 dead letter" in each for each in asked(receiver, "status")["worries"])
        target.write_text("up")
        assert "delivered in" in receiver.run("routes", "test", "crm").stdout
        assert asked(receiver, "dead", "retry", bad, "--yes")["done"] == 1
        receiver.wait_for("n-bad arrived as 4, replay False.")
        assert until(receiver, bad, "delivered")["attempts"][0]["failure"]["kind"] == "reject"

        # A day's worth went to a target that lost it: the same again, marked as such.
        assert asked(receiver, "events", "replay", bad)["replays"][0]["state"] == "done"
        receiver.wait_for("n-bad arrived as 4, replay True.")
        assert "done" in on(receiver, bad, "crm")["replays"][0]
        assert asked(receiver, "dead", "list") == []
