"""Against moto's server, which signs as SNS does and delivers over HTTP to a server of ours."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import httpx
import pytest
import uvicorn

from receiver import catalogue, notices
from receiver.http.app import build
from receiver.inbox import Query, Stored
from receiver.inbox.memory import MemoryInbox
from receiver.intake import Intake
from receiver.keyring import Keyring, SnsTrust, SourceKeys
from receiver.notices import Notices
from receiver.sources.sns import Sns
from receiver.sources.sns.asking import Asker

boto3 = pytest.importorskip("boto3")
pytest.importorskip("moto.server", reason="needs moto[server]")

REGION = "eu-central-1"
ACCOUNT = "123456789012"
TOPICS = f"arn:aws:sns:{REGION}:{ACCOUNT}:esp_rainmaker_sns_*"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """The URL of a moto server."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "moto.server", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(1200):
            try:
                urlopen(f"{url}/moto-api/data.json", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()


class Rerouted(httpx.AsyncHTTPTransport):
    """Asks moto what is asked of AWS; moto tells its services apart by who signs a request."""

    def __init__(self, moto: str, asked: list[str]) -> None:
        super().__init__()
        self._moto = httpx.URL(moto)
        self._asked = asked

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert request.url.scheme == "https"
        assert request.url.host == f"sns.{REGION}.amazonaws.com"
        self._asked.append(request.url.path)
        request.url = request.url.copy_with(
            scheme="http", host=self._moto.host, port=self._moto.port
        )
        scope = f"a/20260115/{REGION}/sns/aws4_request"
        request.headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, Signature=b"
        return await super().handle_async_request(request)


@dataclass
class Receiver:
    """A server of ours, and SNS."""

    url: str
    inbox: MemoryInbox
    aws: Any
    folder: Path
    asked: list[str]

    async def call(self, operation: str, **parameters: Any) -> Any:
        return await asyncio.to_thread(getattr(self.aws, operation), **parameters)

    async def subscribed(self, topic: str) -> str:
        """The ARN of a topic to which our endpoint is subscribed."""
        arn = (await self.call("create_topic", Name=topic))["TopicArn"]
        await self.call("subscribe", TopicArn=arn, Protocol="http", Endpoint=self.url)
        return str(arn)

    async def kept(self, state: Any = "accepted") -> list[Stored]:
        return list(await self.inbox.read(Query(state=state)))


@pytest.fixture
async def receiver(moto: str, tmp_path: Path) -> AsyncIterator[Receiver]:
    served = catalogue.load("receiver.generated")
    asked: list[str] = []
    sns = Sns(
        Notices(tmp_path),
        Asker(lambda _: httpx.AsyncClient(transport=Rerouted(moto, asked)), seconds=60),
    )
    inbox = MemoryInbox()
    keys = Keyring({"rainmaker": SourceKeys(sns=SnsTrust((TOPICS,)))})
    app = build(served, Intake(served, keys, inbox, openers={"sns": sns}))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none"))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/rainmaker/sns"
        task = asyncio.create_task(server.serve(sockets=[listener]))
        aws = boto3.client(
            "sns",
            region_name=REGION,
            endpoint_url=moto,
            aws_access_key_id="a",
            aws_secret_access_key="b",
        )
        yield Receiver(url, inbox, aws, tmp_path, asked)
        aws.close()
        server.should_exit = True
        await task
    await sns.close()


async def test_an_event_of_every_type_comes_from_its_topic(receiver: Receiver) -> None:
    contract = catalogue.contract("receiver.generated")
    events = [event for event in contract.events if event.source == "rainmaker"]
    assert len(events) == 18
    ids = []
    for event in events:
        assert event.topic is not None
        arn = await receiver.subscribed(event.topic)
        sent = await receiver.call("publish", TopicArn=arn, Message=json.dumps(event.sample))
        ids.append(sent["MessageId"])
    kept = await receiver.kept()
    assert [(one.type, one.key) for one in kept] == [
        (event.name, id) for event, id in zip(events, ids, strict=True)
    ]
    assert [json.loads(one.raw) for one in kept] == [event.sample for event in events]
    assert {one.secret for one in kept} == {"sns-v2"}


async def test_an_unknown_type_is_kept_in_quarantine(receiver: Receiver) -> None:
    arn = await receiver.subscribed("esp_rainmaker_sns_user_node_association")
    old = {"EventType": "rmaker.event.user_node_associated", "EventData": {}}
    await receiver.call("publish", TopicArn=arn, Message=json.dumps(old))
    [kept] = await receiver.kept("quarantined")
    assert kept.type == "rmaker.event.user_node_associated"


async def test_another_topic_is_refused_and_told(receiver: Receiver) -> None:
    arn = await receiver.subscribed("another")
    await receiver.call("publish", TopicArn=arn, Message="{}")
    assert await receiver.kept() == await receiver.kept("quarantined") == []
    [notice] = notices.read(receiver.folder)
    assert f'topics = ["{TOPICS}", "{arn}"]' in notice.line
