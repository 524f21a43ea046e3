"""What is read of a message of SNS, what is signed of it, and that nothing else passes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from receiver.errors import SignatureError
from receiver.signature import sns

PUBLISHED = {
    "Type": "Notification",
    "MessageId": "0d5d9c7e-6f1b-5a0a-9f0c-1c2d3e4f5a6b",
    "TopicArn": "arn:aws:sns:us-east-1:111122223333:esp_rainmaker_sns_node_connected",
    "Message": '{"EventVersion":"v1"}',
    "Timestamp": "2026-01-15T08:30:00.123Z",
    "SignatureVersion": "2",
    "Signature": "QUJD",
    "SigningCertURL": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0.pem",
}
CONFIRMATION = {
    **PUBLISHED,
    "Type": "SubscriptionConfirmation",
    "MessageId": "0d5d9c7e-6f1b-5a0a-9f0c-1c2d3e4f5a6c",
    "Message": "confirm me",
    "Token": "abc",
    "Timestamp": "2026-01-15T08:29:00.000Z",
    "SubscribeURL": (
        "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription"
        "&TopicArn=arn:aws:sns:us-east-1:111122223333:esp_rainmaker_sns_node_connected&Token=abc"
    ),
}
DIGESTS = [
    (PUBLISHED, "d67cdc90dc798b7a5a7c40f6e636cb06353d8bbb08bf420f286b58c7c6df851c"),
    (
        {**PUBLISHED, "Subject": "hi"},
        "d7f7f27f2401383bed65a6b25d7d13f7938b3bf0e6dee03ce9960b8363930ee3",
    ),
    (
        {**PUBLISHED, "Subject": None},
        "d67cdc90dc798b7a5a7c40f6e636cb06353d8bbb08bf420f286b58c7c6df851c",
    ),
    (CONFIRMATION, "a2ae1120eeedd63cd06621686b8b7e4f8708fafdf110f530152d79e0faff3f14"),
]
"""SHA-256 of the text to sign, worked out apart from this code."""


def refusal(value: Any) -> str:
    with pytest.raises(SignatureError) as caught:
        sns.read(value)
    return caught.value.reason


@pytest.mark.parametrize(("message", "digest"), DIGESTS)
def test_the_text_to_sign_is_that_of_the_guide(message: dict[str, Any], digest: str) -> None:
    assert hashlib.sha256(sns.read(message).signed).hexdigest() == digest


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("type_", ["notification", "confirmation"])
def test_both_versions_of_the_signature_prove_a_message(
    amazon: Any, another_key: Any, version: str, type_: str
) -> None:
    message = sns.read(getattr(amazon, type_)(version=version))
    message.prove(amazon.key.public_key())
    with pytest.raises(SignatureError, match="mismatch"):
        message.prove(another_key.public_key())


def test_decoded_values_are_signed_and_not_their_escapes(amazon: Any) -> None:
    event = 'two\nlines, "quotes", \\n, ä, \U0001f600'
    message = amazon.notification(event)
    for text in (json.dumps(message), json.dumps(message, ensure_ascii=False)):
        sns.read(json.loads(text)).prove(amazon.key.public_key())


@pytest.mark.parametrize(
    "changed",
    [
        {"Type": "notification"},
        {"Type": ["Notification"]},
        {"Type": None},
        {"MessageId": ""},
        {"MessageId": "a\nb"},
        {"MessageId": 5},
        {"Message": None},
        {"Subject": "two\nlines"},
        {"Subject": ""},
        {"TopicArn": "arn:aws:sqs:us-east-1:111122223333:queue"},
        {"TopicArn": "arn:aws:sns:us-east-1:111122223333:topic\n"},
        {"TopicArn": "arn:aws:sns:us-east-1:١١١١٢٢٢٢٣٣٣٣:topic"},
        {"Timestamp": "2026-01-15 08:30:00"},
        {"Timestamp": "2026-13-15T08:30:00Z"},
        {"SignatureVersion": "3"},
        {"SignatureVersion": 2},
        {"Signature": "not base64"},
        {"Signature": "QUJD\n"},
        {"SigningCertURL": "x" * 2049},
    ],
)
def test_what_is_not_written_like_a_message_is_none(changed: dict[str, Any]) -> None:
    assert refusal({**PUBLISHED, **changed}) == "malformed"


@pytest.mark.parametrize("name", sorted(CONFIRMATION))
def test_every_part_of_a_confirmation_must_be_there(name: str) -> None:
    assert refusal({key: CONFIRMATION[key] for key in CONFIRMATION if key != name}) == "malformed"


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sns:us-east-1:111122223333:topic",
        "arn:aws-cn:sns:cn-north-1:111122223333:topic",
        "arn:aws-us-gov:sns:us-gov-west-1:111122223333:topic.fifo",
        "arn:aws-eusc:sns:eusc-de-east-1:111122223333:topic",
    ],
)
def test_topics_of_every_partition_are_read(arn: str) -> None:
    assert sns.read({**PUBLISHED, "TopicArn": arn}).region == arn.split(":")[3]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=10,
)


@given(JSON | st.dictionaries(st.sampled_from([*sorted(CONFIRMATION), "Subject"]), JSON))
def test_anything_else_is_refused_with_one_word(value: Any) -> None:
    assert refusal(value) == "malformed"


@settings(max_examples=300)
@given(data=st.data())
def test_no_changed_message_is_proved(amazon: Any, data: st.DataObject) -> None:
    make: Callable[..., dict[str, Any]] = data.draw(
        st.sampled_from([amazon.notification, amazon.confirmation])
    )
    version = data.draw(st.sampled_from(["1", "2"]))
    message = make(version=version, **({"Subject": "s"} if make == amazon.notification else {}))
    signed = (*sns.SIGNED[message["Type"]], "Signature", "SignatureVersion")
    name = data.draw(st.sampled_from(signed))
    text = message[name]
    at = data.draw(st.integers(0, len(text)))
    piece = data.draw(st.text(max_size=3))
    other = text[:at] + piece + text[at + data.draw(st.integers(0, 2)) :]
    if other == text:
        return
    with pytest.raises(SignatureError):
        sns.read({**message, name: other}).prove(amazon.key.public_key())


@given(st.lists(st.sampled_from(["MessageId", "Subject", "Timestamp", "x", "Type"]), max_size=8))
def test_the_border_between_two_values_cannot_be_moved(amazon: Any, lines: list[str]) -> None:
    """A publisher who may write line ends cannot make another message out of a signed one."""
    event = "\n".join(["first", *lines, "last"])
    whole = amazon.notification(event, Subject="subject")
    for cut in range(len(lines) + 1):
        parts = event.split("\n")
        other = {**whole, "Message": "\n".join(parts[: cut + 1])}
        rest = "\n".join(parts[cut + 1 :])
        for name in ("MessageId", "Subject"):
            with pytest.raises(SignatureError):
                sns.read({**other, name: rest}).prove(amazon.key.public_key())
