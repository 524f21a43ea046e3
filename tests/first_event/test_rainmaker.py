"""RainMaker, as its page has it: without AWS, and from SNS to a URL of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from receiver import catalogue
from receiver.testing import RunningReceiver

EVENT = "rmaker.event.node_connected"


def test_without_aws_an_event_is_printed_as_soon_as_it_is_sent(page: Any) -> None:
    with RunningReceiver() as receiver:
        command = page("rainmaker").step("receiver send")
        sent = receiver.run(*command, "--set", "EventData.NodeId=my-node")
        assert sent.returncode == 0, sent.stderr
        assert json.loads(receiver.wait_for('"my-node"'))["type"] == EVENT


class Certificates(dict[str, bytes]):
    """moto's, which makes one for each message, where SNS keeps one: each is pinned at once."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        folder.mkdir()

    def __setitem__(self, name: str, pem: bytes) -> None:
        super().__setitem__(name, pem)
        (self.folder / name).write_bytes(pem)


def test_with_aws_a_topics_event_comes_to_our_url(
    page: Any, moto: str, aws: Any, tmp_path: Path, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = catalogue.contract("receiver.generated")
    [event] = [event for event in contract.events if event.name == EVENT]
    arn = aws("sns").create_topic(Name=event.topic)["TopicArn"]
    from moto.sns.models import sns_backends

    kept = Certificates(tmp_path / "certs")
    monkeypatch.setattr(sns_backends["123456789012"]["us-east-1"], "_message_public_keys", kept)
    pinned = page("rainmaker").file("pinned.toml")
    config = "\n".join(line for line in pinned.splitlines() if not line.startswith("topics"))
    environ = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}

    with RunningReceiver(tmp_path, config=config, environ=environ) as receiver:
        command = page("rainmaker").step("receiver platform rainmaker subscribe")
        command[command.index("--url") + 1] = receiver.url
        done = receiver.run(*command, "--events", EVENT, "--aws-endpoint", moto)
        assert done.returncode == 0, done.stderr
        assert "confirmed" in done.stdout
        sent: list[str] = []

        def taken() -> bool:
            """One that is published, once the receiver has taken up the topic."""
            answer = aws("sns").publish(TopicArn=arn, Message=json.dumps(event.sample))
            sent.append(answer["MessageId"])
            return sent[-1] in receiver.run("events", "list", "--json").stdout

        until(taken)
        printed = json.loads(receiver.wait_for(sent[-1]))
        assert (printed["source"], printed["type"]) == ("rainmaker", EVENT)
