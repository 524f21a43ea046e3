"""What SNS posts gets the same answers on the lane and through connexion, whatever it is."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receiver.inbox import Query
from receiver.keyring import Keyring, SnsTrust, SourceKeys
from receiver.notices import Notices
from receiver.sources.sns import Sns

PATH = "/rainmaker/sns"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:esp_rainmaker_sns_alert"
FILE = "SimpleNotificationService-1.pem"
HEADERS = [
    (b"x-amz-sns-message-type", b"Notification"),
    (b"content-type", b"text/plain; charset=UTF-8"),
    (b"user-agent", b"Amazon Simple Notification Service Agent"),
]
NAMES = ("Message", "MessageId", "Timestamp", "TopicArn", "Type")


@dataclass
class Both:
    """The application with the lane and without it, each with an inbox of its own."""

    doors: tuple[Any, Any]
    key: rsa.RSAPrivateKey
    run: Any
    posted: int = 0

    def notification(self, event: str, **changed: str) -> bytes:
        """A signed message with a fresh id."""
        self.posted += 1
        now = datetime.now(UTC)
        message = {
            "Type": "Notification",
            "MessageId": f"m-{self.posted:08}",
            "TopicArn": TOPIC,
            "Message": event,
            "Timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            **changed,
        }
        text = "".join(f"{name}\n{message[name]}\n" for name in NAMES)
        signature = self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        proof = {
            "SignatureVersion": "2",
            "Signature": base64.b64encode(signature).decode(),
            "SigningCertURL": f"https://sns.eu-west-1.amazonaws.com/{FILE}",
        }
        return json.dumps({**message, **proof}).encode()

    def post(self, body: bytes, headers: Any = HEADERS) -> Any:
        """The one answer that both give."""
        one, other = (
            self.run(door.ask("POST", PATH, headers=headers, chunks=[body[:7], body[7:]]))
            for door in self.doors
        )
        assert one.said == other.said
        return one

    def events(self) -> list[list[Any]]:
        async def taken(door: Any) -> list[Any]:
            return list(await door.inbox.read(Query(limit=10_000)))

        return [self.run(taken(door)) for door in self.doors]


def certificate(key: rsa.RSAPrivateKey) -> bytes:
    now = datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture(scope="module")
def both(make_door: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder: Path = tmp_path_factory.mktemp("certificates")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (folder / FILE).write_bytes(certificate(key))
    trust = SnsTrust(("arn:*:esp_rainmaker_sns_*",), certificates=str(folder), fetch=False)
    keyring = Keyring({"rainmaker": SourceKeys(sns=trust)})
    openers = {"sns": Sns(Notices(folder))}
    with asyncio.Runner() as runner:
        doors = [make_door(lane=lane, keyring=keyring, openers=openers) for lane in (True, False)]
        yield Both((doors[0], doors[1]), key, runner.run)


def event(**changed: Any) -> str:
    fresh = {
        "EventVersion": "v1",
        "Id": "RainmakerEventId",
        "EventType": "rmaker.event.alert",
        "Timestamp": "01-15-2026 09:04:00",
        "EventData": {"NodeId": "n-7", "MessageBody": '{"esp.alert.str": "leak"}'},
    }
    return json.dumps({**fresh, **changed})


def test_the_event_in_a_message_is_kept_as_its_platform_wrote_it(both: Both) -> None:
    body = both.notification(event())
    answer = both.post(body)
    assert (answer.status, json.loads(answer.body)["status"]) == (200, "accepted")
    for events in both.events():
        kept = events[-1]
        assert kept.raw == event().encode()
        assert (kept.type, kept.node) == ("rmaker.event.alert", "n-7")
        assert kept.key == json.loads(body)["MessageId"]
        assert kept.time == datetime(2026, 1, 15, 9, 4, tzinfo=UTC)
    again = both.post(body)
    assert (again.status, json.loads(again.body)["status"]) == (200, "duplicate")


def test_two_messages_with_equal_events_are_two(both: Both) -> None:
    for _ in range(2):
        assert json.loads(both.post(both.notification(event())).body)["status"] == "accepted"


@pytest.mark.parametrize("at", ["some day", "", "2026-15-01"])
def test_an_unreadable_time_gives_way_to_that_of_sns(both: Both, at: str) -> None:
    body = both.notification(event(Timestamp=at))
    assert json.loads(both.post(body).body)["status"] == "accepted"
    for events in both.events():
        [kept] = [one for one in events if one.key == json.loads(body)["MessageId"]]
        assert kept.time == datetime.fromisoformat(json.loads(body)["Timestamp"])


@pytest.mark.parametrize(
    "text",
    [
        event(EventType="rmaker.event.user_node_associated"),
        event(EventData=None),
        "{}",
        "no JSON",
        "",
        "[" * 5000,
        '{"EventType": "rmaker.event.alert", "EventType": "x"}',
    ],
)
def test_an_authentic_message_with_another_event_goes_to_quarantine(both: Both, text: str) -> None:
    answer = both.post(both.notification(text))
    assert (answer.status, json.loads(answer.body)["status"]) == (200, "quarantined")


def test_what_is_refused_is_refused_alike(both: Both) -> None:
    whole = both.notification(event())
    other = both.notification(event(), TopicArn=TOPIC.replace("esp_", "evil_"))
    raw = [*HEADERS, (b"x-amz-sns-rawdelivery", b"true")]
    changed = whole.replace(b"leak", b"peak")
    for body, headers in (
        *((b"{}", HEADERS), (event().encode(), raw), (changed, HEADERS), (other, HEADERS)),
    ):
        answer = both.post(body, headers)
        assert (answer.status, answer.body) == (401, b"")
    gone = whole.replace(FILE.encode(), b"SimpleNotificationService-2.pem")
    assert both.post(gone).status == 503


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_message_gets_one_answer(both: Both, faults: list[str], data: st.DataObject) -> None:
    text = data.draw(st.text(max_size=60) | st.just(event()))
    body = both.notification(text)
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(body)))
        body = body[:at] + data.draw(st.binary(max_size=4)) + body[at + 1 :]
    answer = both.post(body, data.draw(st.sampled_from([HEADERS, HEADERS[:1], []])))
    assert answer.status in (200, 401, 503)
    assert faults == []


def test_a_refusal_is_not_kept(both: Both) -> None:
    """Of all that was posted here, what is not authentic is nowhere."""
    both.post(both.notification(event()).replace(b"n-7", b"n-8"))
    assert all(found.node != "n-8" for events in both.events() for found in events)
