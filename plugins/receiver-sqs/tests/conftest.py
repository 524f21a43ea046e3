"""moto's server, which is a real one over HTTP, with a queue for each test."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

REGION = "eu-west-1"
KEYS = {"access_key": "AKIDEXAMPLE", "secret_key": "wJalrXUtnFEMI-K7MDENG"}
_numbers = itertools.count()


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def clients(endpoint: str) -> Iterator[Any]:
    """boto3's clients, which the plugin does not use."""
    made: list[Any] = []

    def client(service: str) -> Any:
        made.append(
            boto3.client(
                service,
                region_name=REGION,
                endpoint_url=endpoint,
                aws_access_key_id=KEYS["access_key"],
                aws_secret_access_key=KEYS["secret_key"],
                config=Config(retries={"total_max_attempts": 1}),
            )
        )
        return made[-1]

    yield client
    for each in made:
        each.close()


class Standard:
    """One queue, seen by somebody else."""

    def __init__(self, sqs: Any, name: str) -> None:
        self.sqs = sqs
        self.name = name
        attributes = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        self.url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def send(self, *bodies: str) -> list[str]:
        """Their ids."""
        return [
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body)["MessageId"]
            for body in bodies
        ]

    def taken(self) -> list[dict[str, Any]]:
        """Every message that is visible; deleted then."""
        found: list[dict[str, Any]] = []
        while True:
            some = self.sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=10,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            ).get("Messages", [])
            if not some:
                return found
            for each in some:
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=each["ReceiptHandle"])
            found += some

    def counts(self) -> tuple[int, int]:
        """How many are visible, and how many were handed out and not deleted."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return int(told[names[0]]), int(told[names[1]])


@pytest.fixture
def queue(clients: Any) -> Standard:
    return Standard(clients("sqs"), f"events-{next(_numbers)}")


@pytest.fixture
def fifo(clients: Any) -> Standard:
    return Standard(clients("sqs"), f"events-{next(_numbers)}.fifo")


@pytest.fixture
def settings(queue: Standard, endpoint: str) -> dict[str, Any]:
    """What both halves are told of a queue."""
    return {
        "queue": queue.name,
        "region": REGION,
        "endpoint": endpoint,
        "allow_private": True,
        **KEYS,
    }


def datum(number: int) -> str:
    return json.dumps(
        {
            "topic": "datum/agg/update",
            "userId": 123,
            "hookId": 234,
            "nodeId": 456 + number,
            "sourceId": "/power/1",
            "timestamp": 1767225600000,
            "aggregationKey": "h",
        },
        separators=(",", ":"),
    )


@pytest.fixture(name="datum")
def make_datum() -> Any:
    """Make SolarNetwork's JSON, of a node of its own each."""
    return datum
