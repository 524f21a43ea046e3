"""A platform that sends by Amazon SNS, simulated: its documents, its repetitions, its retries.

What it signs is checked here from the developer guide anew, so that no mistake is shared.
"""

from __future__ import annotations

import base64
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509 import load_pem_x509_certificate

from receiver.testing import RunningReceiver

QUIET = "from receiver import hookimpl\n\n@hookimpl\ndef on_event(event): ...\n"
ROUTE = '[routes.quiet]\nsink = "quiet"\n'
SECRET = '[sources.rainmaker]\nsecrets = [{ name = "main", value = "a secret of this test" }]\n'
SIGNED = ("Message", "MessageId", "Timestamp", "TopicArn", "Type")
HASHES = {"1": hashes.SHA1, "2": hashes.SHA256}


@pytest.fixture(scope="module")
def receiver() -> Iterator[RunningReceiver]:
    with RunningReceiver(plugins={"quiet.py": QUIET}, config=ROUTE) as running:
        yield running


def simulate(receiver: RunningReceiver, *options: str) -> tuple[int, dict[str, Any], str]:
    asked = ("simulate", "rainmaker", "--transport", "sns", "--json", "--rate", "300")
    done = receiver.run(*asked, *options, seconds=180)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


def kept(receiver: RunningReceiver) -> Any:
    """What SNS is simulated with there."""
    secrets = json.loads((receiver.folder / ".receiver" / "secrets.json").read_text())
    return secrets["sources"]["rainmaker"]["sns"]


def test_dev_takes_it_with_nothing_configured_and_every_id_is_accounted_for(
    receiver: RunningReceiver,
) -> None:
    status, told, said = simulate(
        receiver, "--count", "120", "--duplicates", "100%", "--bad-signatures", "10%"
    )

    assert status == 0, (told, said)
    assert (told["sent"], told["accepted"], told["lost"]) == (120, 120, 0)
    assert told["duplicate"] >= 120, "the same MessageId is the same event"
    assert told["quarantined"] == 0
    assert told["bad_signatures"]["sent"] > 0
    assert told["bad_signatures"]["taken"] == 0
    assert told["statuses"]["401"] == told["bad_signatures"]["sent"]
    assert told["delivered"] == {"quiet": {"passed": 120}}
    listed = json.loads(receiver.run("events", "list", "--json", "--limit", "200").stdout)
    assert len({event["type"] for event in listed}) == 18
    assert len({event["key"] for event in listed}) == 120
    shown = [
        json.loads(receiver.run("events", "show", event["id"], "--json").stdout)
        for event in listed[:8]
    ]
    assert {event["operation"] for event in shown} == {"rainmaker_sns"}
    assert {event["secret"] for event in shown} <= {"sns-v1", "sns-v2"}


def test_what_it_posts_is_what_sns_posts_and_retries_are_byte_for_byte(
    receiver: RunningReceiver, scripted: tuple[Any, str]
) -> None:
    script, url = scripted
    tries: Counter[str] = Counter()

    def answer(_: int, body: bytes) -> tuple[int, Any]:
        identifier = json.loads(body)["MessageId"]
        tries[identifier] += 1
        if tries[identifier] < 3:
            return (429, 503)[tries[identifier] - 1], {}
        return 200, {"status": "accepted", "id": identifier}

    script.answer = answer
    status, told, said = simulate(receiver, "--count", "20", "--url", url, "--pause", "0.01")

    assert status == 0, (told, said)
    assert (told["accepted"], told["sent_again"]) == (20, 40)
    assert told["statuses"] == {"200": 20, "429": 20, "503": 20}
    assert set(Counter(script.bodies).values()) == {3}
    certificate = load_pem_x509_certificate(kept(receiver)["certificate"].encode())
    key: Any = certificate.public_key()
    messages = [json.loads(body) for body in script.bodies]
    assert {message["SignatureVersion"] for message in messages} == {"1", "2"}
    for message, headers in zip(messages, script.headers, strict=True):
        text = "".join(f"{name}\n{message[name]}\n" for name in SIGNED)
        algorithm = HASHES[message["SignatureVersion"]]()
        signature = base64.b64decode(message["Signature"])
        key.verify(signature, text.encode(), padding.PKCS1v15(), algorithm)
        event = json.loads(message["Message"])
        assert message["MessageAttributes"]["event_type"]["Value"] == event["EventType"]
        assert message["TopicArn"].rpartition(":")[2].startswith("esp_rainmaker_sns_")
        assert message["SigningCertURL"].startswith("https://sns.us-east-1.amazonaws.com/Simple")
        assert headers["x-amz-sns-message-type"] == message["Type"] == "Notification"
        assert headers["x-amz-sns-message-id"] == message["MessageId"]
        assert headers["Content-Type"] == "text/plain; charset=UTF-8"


def test_sns_drops_what_is_answered_with_another_4xx_and_gives_up_after_four_tries(
    receiver: RunningReceiver, scripted: tuple[Any, str]
) -> None:
    script, url = scripted
    script.answer = lambda *_: (404, {})
    status, told, _ = simulate(receiver, "--count", "3", "--url", url, "--pause", "0.01")
    assert (status, told["lost"], len(script.bodies)) == (1, 3, 3)

    script.answer = lambda *_: (500, {})
    status, told, _ = simulate(receiver, "--count", "1", "--url", url, "--pause", "0.01")
    assert (status, told["given_up"]) == (1, {"0": "status 500, after 4 tries"})


def test_a_configured_receiver_takes_it_once_it_is_told_what_the_refusal_says(
    tmp_path: Path,
) -> None:
    receiver = RunningReceiver(tmp_path, plugins={"quiet.py": QUIET}, config=ROUTE + SECRET)
    with receiver:
        status, told, said = simulate(receiver, "--count", "4")
        assert status == 1
        assert (told["accepted"], told["lost"]) == (0, 4)
        assert told["statuses"] == {"401": 4}
    lines = [line.strip() for line in said.splitlines()]
    [start] = [number for number, line in enumerate(lines) if "copy the certificate" in line]
    made = Path(lines[start + 1])
    assert made.read_text() == kept(receiver)["certificate"]
    (tmp_path / "certs").mkdir()
    shutil.copy(made, tmp_path / "certs")
    table = "\n".join(lines[start + 3 : start + 6])
    (tmp_path / "receiver.toml").write_text(f"{ROUTE}{SECRET}{table}\n")

    with receiver:
        status, told, said = simulate(receiver, "--count", "4")
        assert status == 0, (told, said)
        assert told["delivered"] == {"quiet": {"passed": 4}}


@pytest.mark.parametrize(
    ("asked", "status", "word"),
    [
        (["gridx", "--transport", "sns"], 1, "no path for deliveries of SNS to gridx"),
        (["rainmaker", "--transport", "mqtt"], 2, "write http or sns"),
    ],
)
def test_what_does_not_come_by_sns_is_one_line(
    receiver: RunningReceiver, asked: list[str], status: int, word: str
) -> None:
    done = receiver.run("simulate", *asked)

    assert done.returncode == status
    assert word in done.stderr
