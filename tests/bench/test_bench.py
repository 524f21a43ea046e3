"""`receiver bench`: what it sends is genuine, and its arithmetic is right."""

from __future__ import annotations

import shutil

import msgspec
import pytest
from typer.testing import CliRunner

from receiver import catalogue
from receiver.benchmark import delivery, figures, races, traffic
from receiver.benchmark.figures import Goal, Rounds
from receiver.cli import app
from receiver.inbox.memory import MemoryInbox
from receiver.intake import Intake
from receiver.keyring import HeaderSecret, Keyring, Secret, SourceKeys
from receiver.receipt import Status
from receiver.replies import Taken
from receiver.settings import combine

SERVED = catalogue.load()


@pytest.mark.parametrize("make", [traffic.single, traffic.arrays], ids=["single", "arrays"])
async def test_every_request_is_authentic_and_every_event_is_new(make):
    sent = make(SERVED.contract)
    header = sent.scheme.header
    keys = SourceKeys(
        secrets=(Secret("bench", traffic.SECRET.encode()),),
        headers=(HeaderSecret(header, "bench", traffic.SECRET.encode()),),
    )
    intake = Intake(SERVED, Keyring({sent.operation.source: keys}), MemoryInbox())

    outcomes = []
    for request in sent.requests(3):
        head, _, body = request.partition(b"\r\n\r\n")
        fields = [line.split(b": ", 1) for line in head.split(b"\r\n")[1:]]
        headers = [(name.lower(), value) for name, value in fields]
        outcomes.append(await intake.ingest(sent.operation, headers, body))

    receipts = [receipt for outcome in outcomes for receipt in outcome.receipts]
    assert all(isinstance(outcome, Taken) for outcome in outcomes)
    assert len(receipts) == (3 * traffic.ARRAY if sent.operation.batch else 3)
    assert {receipt.status for receipt in receipts} == {Status.ACCEPTED}


def test_the_configuration_of_a_race_is_one(tmp_path):
    text = races.configuration("receiver.generated", traffic.single(SERVED.contract))

    found = combine(text, label="receiver.toml", base=tmp_path, environ={})

    assert found.settings.autoroute is False


def test_medians_and_ratios_are_of_rounds():
    rounds = Rounds({})
    for bare, lane in ((100.0, 60.0), (200.0, 90.0), (400.0, 240.0)):
        rounds.add(figures.BARE, bare)
        rounds.add(figures.LANE, lane)

    first, second = rounds.figures()

    assert (first.value, second.value) == (200, 90)
    assert second.ratio == pytest.approx(0.6)
    assert second.met is True
    assert first.met is None


def test_a_goal_that_is_missed_is_said():
    assert not Goal(0.5).met(0.49)
    assert not Goal(10, at_most=True).met(10.1)
    assert str(Goal(10, at_most=True)) == "≤ 10"
    assert msgspec.json.encode([each.plain() for each in Rounds({}).figures()]) == b"[]"


def test_without_the_generator_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)

    done = CliRunner().invoke(app, ["bench"])

    assert done.exit_code == 1
    assert "apt install wrk" in str(done.exception)


def test_a_full_inbox_is_drained():
    sent = traffic.single(SERVED.contract)

    assert delivery.drain("receiver.generated", sent, delivery.One, 300) > 0
    assert delivery.drain("receiver.generated", sent, delivery.Many, 300) > 0


def test_old_events_are_replayed():
    sent = traffic.single(SERVED.contract)

    assert delivery.replay("receiver.generated", sent, delivery.Many, 300) > 0
