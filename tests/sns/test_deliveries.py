"""Which messages of SNS are taken: authentic, of now, of a topic that is allowed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receiver.keyring import SnsTrust
from receiver.replies import Refused, Unavailable
from receiver.signature import snssigner
from receiver.sources.envelope import Opened


@pytest.mark.parametrize("version", ["1", "2"])
async def test_a_notification_is_the_event_in_it(desk: Any, version: str) -> None:
    message = desk.amazon.notification(version=version)
    opened = await desk.open(message)
    assert isinstance(opened, Opened)
    assert opened.raw == message["Message"].encode()
    assert opened.envelope["MessageId"] == message["MessageId"]
    assert opened.envelope["Timestamp"] == message["Timestamp"]
    assert opened.proof == f"sns-v{version}"


async def test_what_was_made_here_proves_topics_that_are_nobodys_and_no_other(
    desk: Any, make_desk: Callable[..., Any], another_key: Any, certify: Callable[..., bytes]
) -> None:
    amazon = desk.amazon
    ours = replace(amazon, key=another_key, file="SimpleNotificationService-ours.pem")
    trust = replace(desk.trust, topics=("*",), made=(ours.file, certify(another_key)))
    simulated = snssigner.topic("esp_rainmaker_sns_node_connected")
    wanted = replace(ours, topic=simulated).notification()
    assert isinstance(await desk.open(wanted, trust=trust), Opened)
    assert await desk.refusal(ours.notification(), trust=trust) == "not-allowed"
    asked = desk.aws.asked
    assert asked == [], "a certificate that is here is not asked for"
    forged = {**replace(amazon, topic=simulated).notification()}
    forged["SigningCertURL"] = wanted["SigningCertURL"]
    assert await desk.refusal(forged, trust=trust) == "mismatch"
    without = await desk.open(wanted, trust=replace(trust, made=None))
    assert isinstance(without[0], Unavailable)


async def test_what_is_not_signed_says_nothing_of_the_event(desk: Any) -> None:
    opened = await desk.open({**desk.amazon.notification(), "MessageAttributes": {"x": 1}, "Y": 2})
    assert {"MessageAttributes", "UnsubscribeURL", "Y"}.isdisjoint(opened.envelope)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"Type": "Notification"}', b"\xff", b'"x"'])
async def test_what_is_no_message_is_refused(desk: Any, body: bytes) -> None:
    assert await desk.refusal(body) == "malformed"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_every_mutation_is_refused(desk: Any, data: st.DataObject) -> None:
    message = data.draw(st.sampled_from([desk.amazon.notification(), desk.amazon.confirmation()]))
    body = json.dumps(message).encode()
    # What is not signed may change, and changes nothing.
    unsigned = ("UnsubscribeURL", "MessageAttributes")
    end = min((body.find(f'"{name}"'.encode()) for name in unsigned if name in message), default=-1)
    at = data.draw(st.integers(0, len(body) - 1 if end < 0 else end - 1))
    changed = body[:at] + bytes([data.draw(st.integers(0, 255))]) + body[at + 1 :]
    before = json.loads(body)
    try:
        same = json.loads(changed) == before
    except ValueError:
        same = False
    if same:
        return
    outcome, _ = await desk.open(changed)
    assert isinstance(outcome, Refused | Unavailable)
    assert desk.aws.confirmed == []


async def test_a_message_signed_by_another_is_refused(
    desk: Any, another_key: Any, certify: Callable[..., bytes]
) -> None:
    stranger = replace(desk.amazon, key=another_key)
    assert await desk.refusal(stranger.notification()) == "mismatch"
    assert await desk.refusal(stranger.confirmation()) == "mismatch"
    assert desk.aws.confirmed == []


async def test_a_certificate_must_be_one_of_sns(
    desk: Any, make_desk: Any, certify: Callable[..., bytes]
) -> None:
    url = f"https://{desk.amazon.host}/{desk.amazon.file}"
    desk.aws.certificates[url] = certify(desk.amazon.key, "s3.amazonaws.com")
    assert await desk.refusal(desk.amazon.notification()) == "mismatch"
    for name in ("sns.amazonaws.com", "SNS.amazonaws.com", desk.amazon.host):
        fresh = make_desk()
        fresh.aws.certificates[url] = certify(desk.amazon.key, name)
        assert isinstance(await fresh.open(desk.amazon.notification()), Opened)


async def test_a_certificate_counts_at_the_time_of_the_message_not_now(
    desk: Any, certify: Callable[..., bytes]
) -> None:
    url = f"https://{desk.amazon.host}/{desk.amazon.file}"
    month = timedelta(days=30)
    desk.aws.certificates[url] = certify(
        desk.amazon.key, begins=desk.now - 2 * month, ends=desk.now - month
    )
    ever = replace(desk.trust, max_age=0)
    assert await desk.refusal(desk.amazon.notification(), trust=ever) == "mismatch"
    before = desk.amazon.notification(at=desk.now - 1.5 * month)
    assert isinstance(await desk.open(before, trust=ever), Opened)


async def test_only_fresh_messages_are_taken(desk: Any) -> None:
    def aged(seconds: float) -> Any:
        return desk.amazon.notification(at=desk.now - timedelta(seconds=seconds))

    assert isinstance(await desk.open(aged(3600)), Opened)
    assert await desk.refusal(aged(3601)) == "stale"
    assert isinstance(await desk.open(aged(-300)), Opened)
    assert await desk.refusal(aged(-301)) == "stale"
    assert isinstance(await desk.open(aged(3601), trust=replace(desk.trust, max_age=0)), Opened)
    assert await desk.refusal(aged(61), trust=replace(desk.trust, max_age=60)) == "stale"
    late = desk.amazon.confirmation(at=desk.now - timedelta(hours=2))
    assert await desk.refusal(late) == "stale"


@pytest.mark.parametrize(
    ("patterns", "taken"),
    [
        ((), False),
        (("!nothing",), False),
        (("arn:aws:sns:us-east-1:111122223333:esp_rainmaker_sns_node_connected",), True),
        (("arn:*:sns:*:111122223333:esp_*",), True),
        (("arn:*:sns:*:999999999999:*",), False),
        (("arn:*", "!*:esp_rainmaker_sns_node_connected"), False),
        (("ARN:*",), False),
    ],
)
async def test_only_topics_that_the_patterns_name_are_taken(
    desk: Any, patterns: tuple[str, ...], taken: bool
) -> None:
    found = await desk.open(desk.amazon.notification(), trust=SnsTrust(patterns))
    assert isinstance(found, Opened) == taken
    if not taken:
        assert found[0] == Refused("not-allowed")


@pytest.mark.parametrize(
    ("topic", "host"),
    [
        ("arn:aws-cn:sns:cn-north-1:1" + "0" * 11 + ":t", "sns.cn-north-1.amazonaws.com.cn"),
        ("arn:aws-us-gov:sns:us-gov-west-1:1" + "0" * 11 + ":t", "sns.us-gov-west-1.amazonaws.com"),
    ],
)
async def test_every_partition_may_send(desk: Any, make_desk: Any, topic: str, host: str) -> None:
    other = make_desk(replace(desk.amazon, topic=topic, host=host))
    taken = await other.open(other.amazon.notification(), trust=SnsTrust(("arn:*:sns:*:*:t",)))
    assert isinstance(taken, Opened)
    assert await other.refusal(other.amazon.notification()) == "not-allowed"
