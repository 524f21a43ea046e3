"""`receiver simulate` against a receiver, and against servers that answer as one never would."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from receiver.cli import app
from receiver.testing import RunningReceiver

Ran = tuple[int, dict[str, Any]]


@pytest.fixture(scope="module")
def receiver() -> Iterator[RunningReceiver]:
    with RunningReceiver(plugins={"quiet.py": QUIET}, config=CONFIG) as running:
        yield running


QUIET = "from receiver import hookimpl\n\n@hookimpl\ndef on_event(event): ...\n"
CONFIG = '[routes.quiet]\nsink = "quiet"\n'


def simulate(receiver: RunningReceiver, *options: str) -> Ran:
    done = receiver.run("simulate", *options, "--json", "--rate", "400", seconds=180)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("source", ["gridx", "flespi", "rainmaker", "solarnetwork"])
def test_every_id_of_every_platform_is_accounted_for(
    receiver: RunningReceiver, source: str
) -> None:
    options = ["--count", "120", "--duplicates", "10%", "--bad-signatures", "10%"]
    status, told = simulate(receiver, source, *options, "--reordered", "20%", "--burst", "5")

    assert status == 0, told
    assert told["sent"] == 120
    assert told["lost"] == 0
    assert told["accepted"] >= 120
    assert told["quarantined"] == told["bad_signatures"]["taken"] == 0
    assert told["bad_signatures"]["sent"] > 0
    assert told["statuses"]["401"] == told["bad_signatures"]["sent"]
    assert told["delivered"] == {"quiet": {"passed": told["accepted"]}}
    if source in ("gridx", "flespi"):
        assert told["duplicate"] > 0
        assert told["accepted"] == 120


def test_a_receiver_elsewhere_is_asked_on_its_admin_listener(
    receiver: RunningReceiver, scripted: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    script, elsewhere = scripted
    script.answer = lambda _, body: taken(body)
    tokens = {"wrong": "wrong"}
    for name, role in (("boss", "admin"), ("ann", "user")):
        words = ["users", "create", name, "--role", role, "--store-dir", str(store(receiver))]
        made = CliRunner().invoke(app, words, input="correct horse battery\n")
        assert made.exit_code == 0, made.stderr
        tokens[name] = receiver.run("tokens", "create", name).stdout.strip()
    monkeypatch.setenv("RECEIVER_TOKEN", tokens["boss"])
    asked = ["simulate", "gridx", "--count", "20", "--url", receiver.url, "--json"]
    asked += ["--config", str(receiver.folder / "receiver.toml"), "--wait", "60"]
    asked += ["--store-dir", str(store(receiver)), "--admin"]

    ran = CliRunner().invoke(app, [*asked, receiver.admin])

    assert ran.exit_code == 0, ran.stderr
    assert json.loads(ran.stdout)["delivered"] == {"quiet": {"passed": 20}}
    ran = CliRunner().invoke(app, [*asked, receiver.admin, "--url", elsewhere])
    assert (ran.exit_code, json.loads(ran.stdout)["lost"]) == (1, 20)
    for name, status in (("wrong", 401), ("ann", 403)):
        monkeypatch.setenv("RECEIVER_TOKEN", tokens[name])
        refused = CliRunner().invoke(app, [*asked, receiver.admin])
        assert f"answers {status}; RECEIVER_TOKEN" in str(refused.exception)


def test_types_can_be_chosen(receiver: RunningReceiver) -> None:
    status, told = simulate(receiver, "gridx", "--count", "5", "--type", "gateway/*")

    assert (status, told["accepted"]) == (0, 5)


@pytest.fixture
def against(scripted: tuple[Any, str], receiver: RunningReceiver) -> Callable[..., tuple[Ran, Any]]:
    """Simulates against a server that answers as it is told."""
    script, url = scripted

    def run(answer: Callable[[int, bytes], tuple[int, Any]], *options: str) -> tuple[Ran, Any]:
        script.answer = answer
        asked = ["simulate", *options, "--url", url, "--json", "--pause", "0.01", "--rate", "400"]
        asked += ["--config", str(receiver.folder / "receiver.toml")]
        ran = CliRunner().invoke(app, [*asked, "--store-dir", str(store(receiver))])
        assert ran.stdout, ran.stderr
        return (ran.exit_code, json.loads(ran.stdout)), script

    return run


def store(receiver: RunningReceiver) -> Path:
    return next(receiver.folder.rglob("inbox.db")).parent


def taken(body: bytes) -> tuple[int, Any]:
    return 200, {"status": "accepted", "id": json.loads(body)["id"]}


def test_what_is_to_be_sent_again_is_sent_again_byte_for_byte(against: Any) -> None:
    tries: Counter[bytes] = Counter()

    def answer(_: int, body: bytes) -> tuple[int, Any]:
        tries[body] += 1
        return (503, {}) if tries[body] < 3 else taken(body)

    (status, told), _ = against(answer, "gridx", "--count", "10")

    assert status == 0
    assert (told["accepted"], told["sent_again"]) == (10, 20)
    assert set(tries.values()) == {3}


def test_a_platform_gives_up_by_its_rule_and_that_is_a_loss(against: Any) -> None:
    (status, told), script = against(lambda *_: (503, {}), "gridx", "--count", "2")

    assert status == 1
    assert told["lost"] == 2
    assert len(script.bodies) == 12
    assert told["given_up"]["0"] == "status 503, after 6 tries"


def test_a_status_that_drops_events_is_a_loss_at_once(against: Any) -> None:
    (status, told), script = against(lambda *_: (410, {}), "gridx", "--count", "3")

    assert (status, told["lost"], len(script.bodies)) == (1, 3, 3)


def test_a_stream_sends_one_batch_at_a_time_until_it_is_taken(against: Any) -> None:
    def answer(number: int, body: bytes) -> tuple[int, Any]:
        if number % 3:
            return 202, {}
        ids = [f"{number}.{place}" for place in range(len(json.loads(body)))]
        return 200, {"accepted": len(ids), "duplicate": 0, "quarantined": 0, "ids": ids}

    (status, told), script = against(answer, "flespi", "--count", "40")

    assert status == 0
    assert told["accepted"] == 40
    assert script.together == 1
    for start in range(0, len(script.bodies), 3):
        assert len(set(script.bodies[start : start + 3])) == 1, "the same batch until it is taken"


def test_others_send_at_the_same_time(against: Any) -> None:
    _, script = against(lambda _, body: taken(body), "gridx", "--count", "60", "--burst", "30")

    assert script.together > 1


def test_forgeries_that_are_taken_are_told(against: Any) -> None:
    (status, told), _ = against(
        lambda _, body: taken(body), "gridx", "--count", "10", "--bad-signatures", "100%"
    )

    assert status == 1
    assert told["bad_signatures"] == {"sent": 10, "taken": 10}


def test_an_answer_without_an_id_took_nothing(against: Any) -> None:
    (status, told), _ = against(lambda *_: (200, {}), "gridx", "--count", "1")

    assert (status, told["lost"]) == (1, 1)


def test_what_was_answered_and_is_not_in_the_inbox_is_lost(
    receiver: RunningReceiver, scripted: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from receiver.cli import simulate as command

    script, url = scripted
    script.answer = lambda _, body: taken(body)
    monkeypatch.setattr(command, "target_of", lambda *_: url)
    config = str(receiver.folder / "receiver.toml")
    asked = ["simulate", "gridx", "--count", "3", "--json", "--config", config]

    ran = CliRunner().invoke(app, [*asked, "--store-dir", str(store(receiver))])

    told = json.loads(ran.stdout)
    assert ran.exit_code == 1
    assert (told["lost"], len(told["lost_ids"])) == (3, 3)


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        (["nobody"], "the contract has no source"),
        (["gridx", "--type", "nothing/like/it"], "no event type of gridx"),
        (
            ["gridx", "--url", "http://127.0.0.1:9", "--count", "1", "--pause", "0"],
            "nothing listens at",
        ),
    ],
)
def test_what_cannot_be_simulated_is_one_line(
    receiver: RunningReceiver, asked: list[str], word: str
) -> None:
    done = receiver.run("simulate", *asked)

    assert done.returncode == 1
    assert word in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("part", ["2x", "-1%", "120%"])
def test_what_is_no_part_is_wrong_usage(receiver: RunningReceiver, part: str) -> None:
    assert receiver.run("simulate", "gridx", "--duplicates", part).returncode == 2
