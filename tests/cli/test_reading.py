"""`events`, `dead` and `quarantine` read the store of a receiver that runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from receiver.testing import RunningReceiver

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def sent(running: RunningReceiver) -> dict[str, str]:
    """The ids of an event that is delivered, one that is tried twice, one rejected, one broken."""
    ids = {
        name: running.send(*arguments)[0]["ids"][0]
        for name, arguments in {
            "delivered": ("appliance/online", "--set", "data.applianceID=n-1"),
            "again": ("gateway/offline", "--set", "data.gatewayID=n-2"),
            "rejected": ("gateway/online", "--set", "data.gatewayID=n-3"),
            "broken": ("appliance/online", "--set", "data=5"),
        }.items()
    }
    running.wait_for("delivered gateway/offline n-2 attempt 2")
    return ids


def read(running: RunningReceiver, *arguments: str) -> Any:
    done = running.run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["--type", "appliance/*"], ["delivered"]),
        (["--node", "n-2"], ["again"]),
        (["--text", '"n-3"'], ["rejected"]),
        (["--source", "rainmaker"], []),
        (["--since", "1h", "--limit", "2"], ["again", "rejected"]),
        (["--until", "2020-01-01"], []),
        (["--state", "quarantined"], ["broken"]),
    ],
)
def test_events_are_listed_by_what_is_asked_for(
    running: RunningReceiver, sent: dict[str, str], filters: list[str], expected: list[str]
) -> None:
    found = [event["id"] for event in read(running, "events", "list", *filters)]
    assert found == [sent[name] for name in expected]


def test_a_list_in_a_pipe_is_one_line_each_with_tabs(
    running: RunningReceiver, sent: dict[str, str]
) -> None:
    head, *rows = running.run("events", "list").stdout.splitlines()
    assert head.split("\t") == ["seq", "id", "received", "source", "type", "node", "user"]
    assert [row.split("\t")[1] for row in rows] == [
        sent[name] for name in ("delivered", "again", "rejected")
    ]


def test_an_event_is_shown_with_what_proved_it_and_its_payload(
    running: RunningReceiver, sent: dict[str, str]
) -> None:
    shown = running.run("events", "show", sent["delivered"]).stdout
    assert "proved by  secret dev" in shown
    assert '    "applianceID": "n-1",' in shown
    assert "  picky: delivered by 20" in shown


def test_an_event_is_shown_by_its_position_too(
    running: RunningReceiver, sent: dict[str, str]
) -> None:
    assert read(running, "events", "show", "1")["id"] == sent["delivered"]


def test_the_start_of_an_id_is_enough_where_it_is_that_of_one_event(
    running: RunningReceiver, sent: dict[str, str]
) -> None:
    for name in ("delivered", "broken"):
        assert read(running, "events", "show", sent[name][:20])["id"] == sent[name]
    assert running.run("events", "show", sent["delivered"][:7]).returncode == 1


def test_every_failed_attempt_is_shown(running: RunningReceiver, sent: dict[str, str]) -> None:
    [attempt] = read(running, "events", "show", sent["again"])["attempts"]
    assert (attempt["route"], attempt["number"]) == ("picky", 1)
    assert "not yet" in running.run("events", "show", sent["again"]).stdout


def test_a_dead_letter_says_why(running: RunningReceiver, sent: dict[str, str]) -> None:
    [letter] = read(running, "dead", "list")
    assert letter["event"]["id"] == sent["rejected"]
    assert letter["failure"]["message"] == "no gateways here"
    assert "no gateways here" in running.run("dead", "list").stdout
    assert read(running, "events", "show", sent["rejected"])["routes"]["picky"] == "dead letter"


def test_the_quarantine_lists_each_problem(running: RunningReceiver, sent: dict[str, str]) -> None:
    [event] = read(running, "quarantine", "list", "--events")
    assert event["id"] == sent["broken"]
    assert event["problems"][0].startswith("/data: ")
    assert event["problems"][0] in running.run("quarantine", "list", "--events").stdout


def test_the_quarantine_is_grouped_by_the_shape_of_what_is_wrong(
    running: RunningReceiver, sent: dict[str, str]
) -> None:
    [shape] = read(running, "quarantine", "list")
    assert (shape["field"], shape["seen"], shape["count"]) == ("/data", "integer", 1)
    assert shape["example"] == sent["broken"]
    assert shape["first"] == shape["last"]


def test_a_quarantined_event_is_shown(running: RunningReceiver, sent: dict[str, str]) -> None:
    shown = running.run("events", "show", sent["broken"]).stdout
    assert "state      quarantined" in shown
    assert "  picky: quarantined: no route sees it" in shown


def test_a_value_that_is_new_to_the_spec_is_noted(running: RunningReceiver) -> None:
    [answer] = running.send("appliance/online", "--set", "data.type=TELEPORTER")
    notes = read(running, "events", "show", answer["ids"][0])["notes"]
    assert any("TELEPORTER" in note for note in notes)


def test_an_event_that_is_not_there_is_one_line(running: RunningReceiver) -> None:
    done = running.run("events", "show", "999999")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "there is no event '999999'" in done.stderr


def test_tail_follows_what_comes_in_and_ends_on_ctrl_c(
    running: RunningReceiver, sent: dict[str, str]
) -> None:
    tail = subprocess.Popen(
        [
            *(sys.executable, "-m", "receiver", "events", "tail"),
            *("--json", "-n", "1", "--type", "appliance/*"),
        ],
        cwd=running.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ},
    )
    assert tail.stdout
    assert tail.stderr
    old = json.loads(tail.stdout.readline())
    running.send("gateway/offline")
    [answer] = running.send("appliance/online")
    new = json.loads(tail.stdout.readline())
    tail.send_signal(signal.SIGINT)
    _, errors = tail.communicate(timeout=60)
    assert old["type"] == "appliance/online"
    assert new["id"] == answer["ids"][0]
    assert (tail.returncode, errors) == (0, "")


def test_without_an_inbox_the_message_says_how_to_get_one(run: Run) -> None:
    done = run("events", "list")
    assert done.returncode == 1
    assert "start `receiver dev`, or name --store-dir" in done.stderr


def test_a_name_that_nobody_knows_is_told_with_the_nearest(running: RunningReceiver) -> None:
    for command, said in {
        ("events", "list", "--source", "gridy"): "there is no source 'gridy'; did you mean \"gridx",
        ("quarantine", "list", "--source", "gridy"): "there is no source 'gridy'",
        ("dead", "list", "--route", "piky"): "there is no route 'piky'; did you mean \"picky",
    }.items():
        done = running.run(*command)
        assert (done.returncode, done.stdout) == (1, "")
        assert said in done.stderr
    done = running.run("events", "list", "--type", "apliance/online")
    assert done.returncode == 0
    assert done.stderr.startswith(
        "'apliance/online' matches no event type of the contract; did you mean"
    )


def test_a_rejection_is_said_once(running: RunningReceiver, sent: dict[str, str]) -> None:
    assert "\treject: no gateways here" in running.run("dead", "list").stdout
