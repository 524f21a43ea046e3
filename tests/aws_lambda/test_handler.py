"""What Lambda hands over is decoded, filtered and delivered as anywhere; or it comes again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from receiver import aws_lambda, catalogue
from receiver.aws_lambda import Undelivered, handler
from receiver.errors import ConfigError

TOPIC = "arn:aws:sns:us-east-1:111122223333:esp_rainmaker_sns_node_connected"
SINK = """
import os
from pathlib import Path
from receiver import Reject, Retry, hookimpl

LOG = Path(os.environ["TEST_LOG"])

@hookimpl
def on_event(event):
    if event.node == "refused":
        raise Reject("not that one")
    if event.node == "failing":
        raise Retry("later", after=1)
    with LOG.open("a") as log:
        print(event.type, event.key, event.node, event.time.isoformat(), event.attempt, file=log)
"""
CONFIG = """
plugins_dir = "plugins"
[routes.notes]
sink = "notes"
events = ["*", "!rmaker.event.alert"]
"""


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[str]]]:
    """A function in a folder of its own; what its sink has written down."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "notes.py").write_text(SINK)
    (tmp_path / "receiver.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEST_LOG", str(tmp_path / "log"))
    aws_lambda._function.cache_clear()

    def lines() -> list[str]:
        log = tmp_path / "log"
        return log.read_text().splitlines() if log.exists() else []

    yield lines
    if aws_lambda._function.cache_info().currsize:
        aws_lambda._function().close()
    aws_lambda._function.cache_clear()


def event(node: str = "n-7", type: str = "node_connected", **changed: Any) -> str:
    body = {
        "EventVersion": "v1",
        "Id": "RainmakerEventId",
        "EventType": f"rmaker.event.{type}",
        "Timestamp": "01-15-2026 08:30:00",
        "EventData": {"NodeId": node, "Connected": True},
    }
    return json.dumps({**body, **changed})


def by_sns(text: str, id: str = "m-1") -> dict[str, Any]:
    """A record as SNS hands it over, with Lambda's own spellings."""
    return {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": f"{TOPIC}:1",
        "Sns": {
            "Type": "Notification",
            "MessageId": id,
            "TopicArn": TOPIC,
            "Subject": None,
            "Message": text,
            "Timestamp": "2026-01-15T08:30:01.000Z",
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "SigningCertUrl": "EXAMPLE",
            "UnsubscribeUrl": "EXAMPLE",
            "MessageAttributes": {},
        },
    }


def by_sqs(body: str, id: str = "q-1") -> dict[str, Any]:
    return {"messageId": id, "body": body, "eventSource": "aws:sqs", "receiptHandle": "x"}


def wrapped(text: str, id: str = "m-1") -> str:
    """A message of SNS as it lies in a queue."""
    message = {"Type": "Notification", "MessageId": id, "TopicArn": TOPIC, "Message": text}
    return json.dumps({**message, "Timestamp": "2026-01-15T08:30:01.000Z"})


def test_a_record_of_a_topic_is_delivered(written: Callable[[], list[str]]) -> None:
    assert handler({"Records": [by_sns(event())]}) == {"batchItemFailures": []}
    assert written() == ["rmaker.event.node_connected m-1 n-7 2026-01-15T08:30:00+00:00 1"]


def test_several_records_of_a_queue_wrapped_and_raw_are_delivered(
    written: Callable[[], list[str]],
) -> None:
    records = [
        by_sqs(wrapped(event("a"), "m-1"), "q-1"),
        by_sqs(event("b"), "q-2"),
        by_sqs(wrapped(event("c", Timestamp="some day"), "m-3"), "q-3"),
    ]
    assert handler({"Records": records}) == {"batchItemFailures": []}
    assert sorted(written()) == [
        "rmaker.event.node_connected m-1 a 2026-01-15T08:30:00+00:00 1",
        "rmaker.event.node_connected m-3 c 2026-01-15T08:30:01+00:00 1",
        "rmaker.event.node_connected q-2 b 2026-01-15T08:30:00+00:00 1",
    ]


def test_what_failed_of_a_queue_is_reported_and_may_come_again(
    written: Callable[[], list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    records = [
        by_sqs(event("a"), "q-1"),
        by_sqs(event("failing"), "q-2"),
        by_sqs(event("refused"), "q-3"),
        by_sqs("no JSON", "q-4"),
        by_sqs(event(type="of_tomorrow"), "q-5"),
        by_sqs(event("b"), "q-6"),
    ]
    failed = handler({"Records": records})["batchItemFailures"]
    assert [one["itemIdentifier"] for one in failed] == ["q-2", "q-3", "q-4", "q-5"]
    assert sorted(line.split()[2] for line in written()) == ["a", "b"]
    again = handler({"Records": [by_sqs(event("later"), "q-2")]})
    assert again == {"batchItemFailures": []}
    assert written()[-1].split()[2] == "later"


def test_what_failed_of_a_topic_makes_lambda_come_again(
    written: Callable[[], list[str]],
) -> None:
    with pytest.raises(Undelivered, match="1 of 2 records"):
        handler({"Records": [by_sns(event("failing"), "m-1"), by_sns(event("ok"), "m-2")]})
    assert [line.split()[2] for line in written()] == ["ok"]


def test_the_same_message_is_delivered_each_time_it_comes(
    written: Callable[[], list[str]],
) -> None:
    """It only comes again because it was not delivered, as far as Lambda knows."""
    for _ in range(3):
        handler({"Records": [by_sns(event())]})
    assert len(written()) == 3


def test_what_no_route_wants_is_done(written: Callable[[], list[str]]) -> None:
    alert = event(type="alert", EventData={"NodeId": "n"})
    assert handler({"Records": [by_sqs(alert)]}) == {"batchItemFailures": []}
    assert written() == []


def test_a_sample_of_every_type_is_delivered(written: Callable[[], list[str]]) -> None:
    events = [e for e in catalogue.contract("receiver.generated").events if e.source == "rainmaker"]
    handler({"Records": [by_sns(json.dumps(e.sample), f"m-{n}") for n, e in enumerate(events)]})
    found = {line.split()[0] for line in written()}
    assert found == {e.name for e in events} - {"rmaker.event.alert"}


def test_a_call_that_takes_longer_than_lambda_grants_is_reported(
    written: Callable[[], list[str]], tmp_path: Path
) -> None:
    slow = SINK.replace("    with LOG", "    import time\n    time.sleep(1)\n    with LOG")
    (tmp_path / "plugins" / "notes.py").write_text(slow)

    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return 1200

    failed = handler({"Records": [by_sqs(event())]}, Context())["batchItemFailures"]
    assert [one["itemIdentifier"] for one in failed] == ["q-1"]


def test_a_queue_of_another_source_is_named(
    written: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(aws_lambda.SOURCE, "solarnetwork")
    sample = {
        "topic": "datum/agg/update",
        "userId": 123,
        "hookId": 234,
        "nodeId": 456,
        "sourceId": "/power/1",
        "timestamp": 1767225600000,
        "aggregationKey": "h",
    }
    handler({"Records": [by_sqs(json.dumps(sample))]})
    assert [line.split()[0] for line in written()] == ["datum/agg/update"]
    aws_lambda._function().close()
    aws_lambda._function.cache_clear()
    monkeypatch.setenv(aws_lambda.SOURCE, "nobody")
    with pytest.raises(ConfigError, match="no such source"):
        handler({"Records": [by_sqs("{}")]})


@pytest.mark.parametrize(
    "given",
    [None, [], {}, {"Records": {}}, {"Records": [1]}, {"Records": [{"Sns": {}}]}, {"detail": 1}],
)
def test_what_neither_sns_nor_sqs_sends_is_an_error(given: Any) -> None:
    with pytest.raises(ValueError, match="SNS"):
        handler(given)
