"""What is confirmed, told and never done; messages without a certificate, and raw ones."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from receiver.keyring import SnsTrust, SourceKeys
from receiver.replies import Refused, Taken, reply
from receiver.sources.envelope import Opened


async def test_a_topic_that_asks_to_be_allowed_is_told_with_what_to_write(desk: Any) -> None:
    asking = desk.amazon.confirmation(TopicArn="arn:aws:sns:us-east-1:111122223333:other")
    asking = {**asking, "SubscribeURL": asking["SubscribeURL"]}
    outcome, detail = await desk.open(asking)
    assert reply(outcome).status == 401
    [notice] = desk.notices
    assert notice.line == detail
    topics = json.dumps([*desk.trust.topics, "arn:aws:sns:us-east-1:111122223333:other"])
    assert f"set in [sources.acme.sns]: topics = {topics}" in detail
    assert desk.aws.confirmed == []


async def test_where_nothing_is_configured_a_topic_is_told_too(desk: Any) -> None:
    for keys in (None, SourceKeys()):
        body = json.dumps(desk.amazon.confirmation()).encode()
        outcome, detail = await desk.sns.open("acme", keys, (), body, desk.now)
        assert outcome == Refused("not-allowed")
        assert f'topics = ["{desk.amazon.topic}"]' in detail
    assert len(desk.notices) == 1


async def test_a_stranger_cannot_leave_a_notice(desk: Any, another_key: Any) -> None:
    stranger = replace(desk.amazon, key=another_key)
    assert await desk.refusal(stranger.confirmation(), trust=SnsTrust(())) == "mismatch"
    unknown = replace(stranger, file="none.pem")
    assert await desk.refusal(unknown.confirmation(), trust=SnsTrust(())) == "not-allowed"
    assert desk.notices == []


async def test_a_subscription_to_an_allowed_topic_is_confirmed(desk: Any) -> None:
    await desk.open(desk.amazon.confirmation(), trust=SnsTrust(()))
    assert len(desk.notices) == 1
    outcome, _ = await desk.open(desk.amazon.confirmation())
    assert outcome == Taken((), batch=True)
    assert json.loads(reply(outcome).body)["status"] == "accepted"
    [asked] = desk.aws.confirmed
    assert asked.startswith(f"https://{desk.amazon.host}/?Action=ConfirmSubscription&")
    assert f"TopicArn={desk.amazon.topic}" in asked
    assert desk.notices == []


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/?Action=ConfirmSubscription",
        "https://sns.us-east-1.amazonaws.com/?Action=DeleteTopic&TopicArn=x&Token=y",
    ],
)
async def test_a_subscription_is_confirmed_nowhere_else(desk: Any, url: str) -> None:
    assert await desk.refusal(desk.amazon.confirmation(SubscribeURL=url)) == "malformed"
    assert desk.aws.confirmed == []
    assert [notice.kind for notice in desk.notices] == ["sns-confirmation"]


async def test_a_confirmation_that_sns_does_not_hear_is_asked_for_again(desk: Any) -> None:
    await desk.open(desk.amazon.notification())
    desk.aws.down = True
    outcome, detail = await desk.open(desk.amazon.confirmation())
    assert reply(outcome).status == 503
    assert "not confirmed yet" in detail
    desk.aws.down = False
    outcome, _ = await desk.open(desk.amazon.confirmation())
    assert reply(outcome).status == 200
    assert desk.notices == []


async def test_the_end_of_a_subscription_is_told_and_not_undone(desk: Any) -> None:
    outcome, _ = await desk.open(desk.amazon.confirmation("UnsubscribeConfirmation"))
    assert reply(outcome).status == 200
    assert desk.aws.confirmed == []
    [notice] = desk.notices
    assert desk.amazon.topic in notice.line


async def test_without_its_certificate_a_message_comes_again_and_aws_is_spared(desk: Any) -> None:
    desk.aws.down = True
    for _ in range(5):
        outcome, detail = await desk.open(desk.amazon.notification())
        assert reply(outcome).status == 503
        assert b"retry-after" in dict(reply(outcome).headers)
        assert "cannot be had" in detail
    assert len(desk.aws.asked) == 1


def raw(password: str = "", **changed: str) -> list[tuple[bytes, bytes]]:
    """The headers of a raw delivery."""
    credentials = base64.b64encode(f"sns:{password}".encode()).decode()
    named = {
        "x-amz-sns-rawdelivery": "true",
        "x-amz-sns-message-id": "m-1",
        "x-amz-sns-topic-arn": "arn:aws:sns:us-east-1:111122223333:esp_rainmaker_sns_x",
        **({"authorization": f"Basic {credentials}"} if password else {}),
        **changed,
    }
    return [(name.encode(), value.encode()) for name, value in named.items()]


async def test_raw_delivery_is_refused_unless_a_password_is_configured(desk: Any) -> None:
    assert await desk.refusal(b"{}", raw()) == "not-configured"
    assert await desk.refusal(b"{}", raw("secret")) == "not-configured"


async def test_raw_delivery_is_proved_by_the_password_of_its_url(desk: Any) -> None:
    trust = replace(desk.trust, password=b"secret")
    outcome, _ = await desk.open(b"{}", raw(), trust=trust)
    assert dict(reply(outcome).headers)[b"www-authenticate"].startswith(b"Basic ")
    for headers in (raw("wrong"), raw("secret", authorization="Bearer x"), raw("secret") * 2):
        assert await desk.refusal(b"{}", headers, trust=trust) in (
            *("mismatch", "malformed", "doubled"),
        )
    other = raw("secret", **{"x-amz-sns-topic-arn": "arn:aws:sns:us-east-1:1:x"})
    assert await desk.refusal(b"{}", other, trust=trust) == "not-allowed"
    opened = await desk.open(b'{"any": "bytes"}', raw("secret"), trust=trust)
    assert (opened.raw, opened.envelope["MessageId"]) == (b'{"any": "bytes"}', "m-1")
    assert "secret" not in repr(trust)


async def test_what_was_noted_of_a_topic_is_forgotten_when_it_delivers(desk: Any) -> None:
    await desk.open(desk.amazon.notification(), trust=SnsTrust(()))
    await desk.open(desk.amazon.confirmation("UnsubscribeConfirmation"))
    assert len(desk.notices) == 2
    assert isinstance(await desk.open(desk.amazon.notification()), Opened)
    assert desk.notices == []
    await desk.open(desk.amazon.confirmation("UnsubscribeConfirmation"))
    assert [notice.kind for notice in desk.notices] == ["sns-unsubscribed"]


async def test_a_full_disk_costs_the_notice_and_nothing_else(desk: Any, make_desk: Any) -> None:
    gone = make_desk(folder=desk.folder / "gone")
    assert await gone.refusal(gone.amazon.confirmation(), trust=SnsTrust(())) == "not-allowed"
