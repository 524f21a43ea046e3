"""Messages out of a queue: handed over as they were sent, deleted once they are kept."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import ValidationError
from receiver_sqs import SqsPull

from receiver import Batch, Retry


def made(settings: dict[str, Any], **more: Any) -> SqsPull:
    told = {**settings, "wait": 1, **more}
    return SqsPull(SqsPull.Settings(**told), name="solarnetwork.hooks")


@pytest.fixture
async def transport(settings: dict[str, Any]) -> AsyncIterator[SqsPull]:
    transport = made(settings)
    await transport.open()
    yield transport
    await transport.close()


async def test_a_message_is_deleted_when_it_is_acknowledged_and_not_before(
    transport: SqsPull, queue: Any, datum: Any
) -> None:
    [sent] = queue.send(datum(0))
    batch = await transport.pull(None)
    assert [(each.body.decode(), each.key) for each in batch.messages] == [(datum(0), sent)]
    assert queue.counts() == (0, 1)
    await transport.acknowledge(batch)
    assert queue.counts() == (0, 0)


async def test_it_waits_for_a_message(transport: SqsPull, queue: Any, datum: Any) -> None:
    begun = time.monotonic()
    assert await transport.pull(None) == Batch()
    assert time.monotonic() - begun > 0.9


async def test_several_requests_bring_more_at_once(
    settings: dict[str, Any], queue: Any, datum: Any
) -> None:
    queue.send(*(datum(number) for number in range(25)))
    transport = made(settings, requests=3)
    await transport.open()
    batch = await transport.pull(None)
    assert {each.body.decode() for each in batch.messages} == {datum(n) for n in range(25)}
    await transport.acknowledge(batch)
    await transport.close()
    assert queue.counts() == (0, 0)


async def test_others_do_not_get_a_message_while_it_is_being_kept(
    settings: dict[str, Any], queue: Any, datum: Any
) -> None:
    queue.send(datum(0))
    transport = made(settings, visibility=2)
    await transport.open()
    batch = await transport.pull(None)
    await asyncio.sleep(2.6)  # longer than it was handed out for: it is the visibility that counts
    assert await asyncio.to_thread(queue.taken) == []
    await transport.acknowledge(batch)
    await transport.close()
    assert queue.counts() == (0, 0)


async def test_what_was_not_kept_is_handed_out_again_with_the_same_key(
    settings: dict[str, Any], queue: Any, datum: Any
) -> None:
    queue.send(datum(0))
    keys = []
    for _ in range(2):
        transport = made(settings, visibility=2, wait=4)
        await transport.open()
        batch = await transport.pull(None)
        keys.append(batch.messages[0].key)
        await transport.close()
    assert keys[0] == keys[1]


@pytest.mark.parametrize("raw", [False, True])
async def test_what_sns_wrapped_is_unwrapped(
    raw: bool, transport: SqsPull, queue: Any, clients: Any
) -> None:
    event = '{"EventType":"rmaker.event.node_connected","EventData":{"NodeId":"ä"}}'
    sns = clients("sns")
    topic = sns.create_topic(Name="esp_rainmaker_sns_node_connected")["TopicArn"]
    arn = queue.sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["QueueArn"])
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn["Attributes"]["QueueArn"],
        Attributes={"RawMessageDelivery": str(raw).lower()},
    )
    published = sns.publish(TopicArn=topic, Message=event)["MessageId"]
    batch = await transport.pull(None)
    [message] = batch.messages
    assert message.body.decode() == event
    if not raw:
        assert message.key == published
        assert message.envelope is not None
        assert message.envelope["MessageId"] == published
        assert message.envelope["TopicArn"] == topic
        assert "Message" not in message.envelope


@pytest.mark.parametrize(
    "body",
    [
        "no json",
        "[1]",
        '{"Type":"Notification","TopicArn":"t"',
        '{"Type":"Notification","TopicArn":"t","MessageId":"m","Message":{"a":1}}',
        json.dumps({"a": '"Notification" "TopicArn"'}),
        "[" * 10_000 + '"Notification" "TopicArn"',
    ],
)
async def test_whatever_is_no_notification_is_handed_over_as_it_is(
    body: str, transport: SqsPull, queue: Any
) -> None:
    queue.send(body)
    batch = await transport.pull(None)
    assert [each.body.decode() for each in batch.messages] == [body]


async def test_a_queue_that_is_not_there_is_named(settings: dict[str, Any]) -> None:
    transport = made({**settings, "queue": "no-such-queue"})
    with pytest.raises(Retry, match="there is no queue no-such-queue in eu-west-1"):
        await transport.open()
    await transport.close()


async def test_an_api_that_is_not_there_is_tried_again_later(settings: dict[str, Any]) -> None:
    transport = made({**settings, "endpoint": "http://127.0.0.1:1"})
    with pytest.raises(Retry, match="queue events-"):
        await transport.open()
    await transport.close()


async def test_a_private_endpoint_needs_to_be_allowed(settings: dict[str, Any]) -> None:
    for endpoint in ("http://127.0.0.1:1", "http://localhost:1"):
        transport = made({**settings, "endpoint": endpoint, "allow_private": False})
        with pytest.raises(Retry, match="allow_private"):
            await transport.open()
        await transport.close()


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("events", ("events", None, None)),
        ("arn:aws-cn:sqs:cn-north-1:123456789012:a.fifo", ("a.fifo", "123456789012", "cn-north-1")),
        ("https://sqs.eu-west-1.amazonaws.com/123456789012/e", ("e", "123456789012", "eu-west-1")),
    ],
)
def test_a_queue_is_named_by_name_arn_or_url(written: str, place: Any) -> None:
    found = SqsPull.Settings(queue=written).place()
    assert (found.name, found.account, found.region) == place


@pytest.mark.parametrize(
    "wrong",
    [
        {"queue": ""},
        {"queue": "a b"},
        {"queue": "https://example.com/"},
        {"queue": "q", "region": "eu west"},
        {"queue": "q", "region": "evil.example.com/"},
        {"queue": "q", "access_key": "k"},
        {"queue": "q", "endpoint": "sqs.local"},
        {"queue": "q", "wait": 21},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SqsPull.Settings(**wrong)


def test_a_url_to_look_at_a_queue_takes_nothing_out() -> None:
    told = SqsPull.looking("sqs://eu-west-1/events")
    assert SqsPull.Settings(**told).delete is False
    for wrong in ("sqs://", "sqs://eu-west-1", "sqs:///events"):
        with pytest.raises(ValueError, match="sqs://REGION/QUEUE"):
            SqsPull.looking(wrong)
