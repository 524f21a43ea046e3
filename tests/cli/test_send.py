"""`receiver send`: what its platform would send, of every event type."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from receiver.catalogue import load
from receiver.contract import EventType
from receiver.testing import RunningReceiver

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_every_event_type_of_every_source_is_accepted(running: RunningReceiver) -> None:
    from receiver.cli import send, signing
    from receiver.cli.opening import configuration

    found = configuration(None, store_dir=running.folder / ".receiver")
    contract = load().contract
    refused = []
    for event in contract.events:
        make = signing.maker(found, contract, event, [], None)
        [answer] = send.send_all(running.url, make, 1, event, True)
        if answer.said != "accepted":
            refused.append((event.name, answer))
    assert refused == []


def test_many_are_all_different_and_summed_up(running: RunningReceiver) -> None:
    done = running.run("send", "rainmaker_node_connected", "--count", "5")
    *lines, summary = done.stdout.splitlines()
    assert len(lines) == 5
    assert summary.startswith("5 sent: 5 accepted; median ")
    assert done.returncode == 0


@pytest.mark.parametrize("event_type", ["flespi/message", "datum/agg/update"])
def test_many_of_a_source_without_ids_are_all_accepted(
    running: RunningReceiver, event_type: str
) -> None:
    answers = running.send(event_type, "--count", "4")
    assert [answer["said"] for answer in answers] == ["accepted"] * 4


def test_a_file_is_sent_as_it_is(running: RunningReceiver, tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(b'{"type":\xff')
    [answer] = running.send("appliance/online", "--raw", str(body))
    assert answer["said"] == "quarantined"


def test_what_is_not_accepted_exits_1(running: RunningReceiver) -> None:
    done = running.run("send", "appliance/online", "--set", "data=5")
    assert done.returncode == 1
    assert done.stdout.startswith("200 quarantined  ")


def test_a_near_miss_names_the_right_one(run: Run) -> None:
    done = run("send", "aplliance/online")
    assert (done.returncode, done.stderr) == (
        1,
        "receiver: there is no event type 'aplliance/online'; did you mean \"appliance/online\"?\n",
    )


def test_a_part_of_a_name_names_those_that_hold_it(run: Run) -> None:
    done = run("send", "limitation")
    assert "did you mean grid-signal-processor/" in done.stderr
    assert " or grid-signal-processor/" in done.stderr


def test_a_source_that_is_not_there_names_the_nearest(run: Run) -> None:
    assert 'did you mean "gridx"?' in run("send", "ping", "--source", "gridy").stderr


def test_nobody_listening_says_what_to_start(run: Run, running: RunningReceiver) -> None:
    store = str(running.folder / ".receiver")
    url = "http://127.0.0.1:9"
    done = run("send", "appliance/online", "--url", url, "--store-dir", store)
    assert (done.returncode, done.stderr) == (
        1,
        f"receiver: nothing listens at {url}; start `receiver dev` in another terminal\n",
    )


def test_without_secrets_the_message_says_where_they_come_from(run: Run) -> None:
    done = run("send", "appliance/online")
    assert "there are no secrets of source gridx to sign with; start `receiver dev`" in done.stderr


def test_a_change_that_cannot_be_made_is_one_line(running: RunningReceiver) -> None:
    done = running.run("send", "datum/agg/update", "--set", "/data/x/y=1/z=2")
    assert done.stderr.count("\n") <= 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("option", "value"), [("--set", "data"), ("--set", "=5"), ("--url", "not-a-url")]
)
def test_an_option_that_makes_no_sense_is_wrong_usage(
    running: RunningReceiver, option: str, value: str
) -> None:
    done = running.run("send", "datum/agg/update", option, value)
    assert done.returncode == 2
    assert f"Invalid value for {option}: {value!r}" in done.stderr


def test_a_type_of_two_sources_names_the_choices() -> None:
    from dataclasses import replace

    from receiver.cli.send import find
    from receiver.errors import ReceiverError

    contract = load().contract
    first: EventType = contract.events[0]
    twin = replace(first, source="twin")
    doubled = replace(contract, events=(first, twin))
    with pytest.raises(ReceiverError, match=f"add one of: --source {first.source}, --source twin"):
        find(doubled, first.name, None)
