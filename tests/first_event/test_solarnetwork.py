"""SolarNetwork, as its page has it: look, and the queue that a hook writes to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from receiver import catalogue
from receiver.testing import RunningReceiver

EVENT = "datum/agg/update"


def test_an_event_that_is_sent_is_printed(page: Any) -> None:
    with RunningReceiver() as receiver:
        sent = receiver.run(*page("solarnetwork").step("receiver send"))
        assert sent.returncode == 0, sent.stderr
        assert json.loads(receiver.wait_for(EVENT))["node"] == "456"


def test_what_a_hook_writes_to_the_queue_is_printed(moto: str, aws: Any, tmp_path: Path) -> None:
    pytest.importorskip("receiver_sqs", reason="needs the plugin receiver-sqs")
    sqs = aws("sqs")
    queue = sqs.create_queue(QueueName="my-queue")["QueueUrl"]
    contract = catalogue.contract("receiver.generated")
    [sample] = [event.sample for event in contract.events if event.name == EVENT]
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({**sample, "nodeId": 789}))
    settings = {
        "transport": "sqs",
        "queue": "my-queue",
        "region": "us-east-1",
        "endpoint": moto,
        "allow_private": True,
        "access_key": "a",
        "secret_key": "env:SQS_SECRET",
        "wait": 1,
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    config = "\n".join(["[sources.solarnetwork.pull.hooks]", *lines, ""])
    with RunningReceiver(tmp_path, config=config, environ={"SQS_SECRET": "b"}) as receiver:
        assert json.loads(receiver.wait_for(EVENT))["node"] == "789"
