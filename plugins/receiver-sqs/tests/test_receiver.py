"""A receiver that pulls from a queue: killed in between, it loses nothing and repeats nothing."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from receiver.testing import RunningReceiver
from receiver.testing.looking import looked


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.05)


@pytest.fixture
def receiver(settings: dict[str, Any], tmp_path: Path) -> Iterator[RunningReceiver]:
    told = {**settings, "wait": 1, "visibility": 2, "secret_key": "env:SQS_SECRET"}
    lines = [f"{name} = {json.dumps(value)}" for name, value in told.items()]
    config = "\n".join(["[sources.solarnetwork.pull.hooks]", 'transport = "sqs"', *lines, ""])
    receiver = RunningReceiver(
        tmp_path, config=config, environ={"SQS_SECRET": settings["secret_key"]}
    )
    yield receiver
    receiver.stop()


def events(receiver: RunningReceiver, *command: str) -> list[dict[str, Any]]:
    listed = receiver.run(*command, "list", "--json", "--limit", "500")
    found: list[dict[str, Any]] = json.loads(listed.stdout)
    return found


def test_solarnetworks_events_come_in_and_equal_ones_come_again(
    receiver: RunningReceiver, queue: Any, datum: Any
) -> None:
    queue.send(datum(0), datum(0), datum(1), "poison")
    receiver.start()
    until(lambda: queue.counts() == (0, 0))
    found = events(receiver, "events")
    assert sorted(event["node"] for event in found) == ["456", "456", "457"]
    assert {event["time"] for event in found} == {"2026-01-01T00:00:00Z"}
    assert len(events(receiver, "quarantine")) == 1


def test_killed_in_between_it_neither_loses_an_event_nor_delivers_it_twice(
    receiver: RunningReceiver, queue: Any, datum: Any
) -> None:
    for number in range(60):
        queue.send(datum(number))
    for left in (45, 20):
        receiver.start()
        until(lambda left=left: sum(queue.counts()) <= left)
        receiver.stop(signal.SIGKILL)
    receiver.start()
    until(lambda: queue.counts() == (0, 0))
    found = [event["node"] for event in events(receiver, "events")]
    assert len(found) == 60
    assert set(found) == {str(456 + number) for number in range(60)}


def test_a_queue_can_be_looked_at_without_taking_anything_out(
    queue: Any, settings: dict[str, Any], datum: Any
) -> None:
    queue.send(datum(0), datum(1), '{"nobody":"knows"}')
    environ = {
        "SQS_ENDPOINT": settings["endpoint"],
        "SQS_ALLOW_PRIVATE": "true",
        "SQS_ACCESS_KEY": settings["access_key"],
        "SQS_SECRET_KEY": settings["secret_key"],
        "SQS_WAIT": "1",
    }
    found, _ = looked(f"sqs://{settings['region']}/{queue.name}", 3, environ)
    assert {each["type"] for each in found} == {"datum/agg/update", ""}
    assert sum(queue.counts()) == 3


def test_what_sns_puts_into_the_queue_and_posts_as_well_is_one_event(
    queue: Any, clients: Any, settings: dict[str, Any], tmp_path: Path
) -> None:
    sns = clients("sns")
    topic = sns.create_topic(Name="esp_rainmaker_sns_node_connected")["TopicArn"]
    arn = queue.sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["QueueArn"])
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"])
    # Of one second, one device and the platform's constant id: SNS alone tells them apart.
    event = json.dumps(
        {
            "EventVersion": "v1",
            "Id": "RainmakerEventId",
            "EventType": "rmaker.event.node_connected",
            "Timestamp": "01-15-2026 08:30:00",
            "EventData": {"UserId": "u-41", "NodeId": "n-7", "Connected": True},
        }
    )
    published = [sns.publish(TopicArn=topic, Message=event)["MessageId"] for _ in range(2)]
    there = queue.sqs.receive_message(
        QueueUrl=queue.url, MaxNumberOfMessages=10, VisibilityTimeout=0
    )["Messages"]
    bodies = {json.loads(each["Body"])["MessageId"]: each["Body"] for each in there}
    assert set(bodies) == set(published)
    for body in bodies.values():
        pin(body, settings["endpoint"], tmp_path / "certs")
    posted = (
        f'[sources.rainmaker.sns]\ntopics = ["{topic}"]\ncertificates = "certs"\nfetch = false\n'
    )
    told = {**settings, "wait": 1, "secret_key": "env:SQS_SECRET", "transport": "sqs"}
    lines = [f"{name} = {json.dumps(value)}" for name, value in told.items()]
    pulled = "\n".join(["[sources.rainmaker.pull.queue]", *lines, ""])

    def post(receiver: RunningReceiver, identifier: str) -> str:
        answer = httpx.post(f"{receiver.url}/rainmaker/sns", content=bodies[identifier])
        return str(answer.json()["status"])

    environ = {"SQS_SECRET": settings["secret_key"]}
    with RunningReceiver(tmp_path, config=posted) as receiver:
        assert post(receiver, published[0]) == "accepted"
    with RunningReceiver(tmp_path, config=posted + pulled, environ=environ) as receiver:
        until(lambda: queue.counts() == (0, 0))
        assert post(receiver, published[1]) == "duplicate"
        assert sorted(event["key"] for event in events(receiver, "events")) == sorted(published)


def pin(body: str, endpoint: str, folder: Path) -> None:
    """Have the certificate by which a message is signed in a folder, under its own name."""
    url = urlsplit(json.loads(body)["SigningCertURL"])
    # moto tells its services apart by who signs a request.
    scope = "a/20260115/eu-west-1/sns/aws4_request"
    signed = {"authorization": f"AWS4-HMAC-SHA256 Credential={scope}, Signature=b"}
    folder.mkdir(exist_ok=True)
    answer = httpx.get(f"{endpoint}{url.path}", headers=signed)
    (folder / Path(url.path).name).write_bytes(answer.content)
