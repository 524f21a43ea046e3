"""moto's server, which is a real one over HTTP, and a bucket for each test."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import zstandard
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


class Bucket:
    """A bucket, seen by somebody else."""

    def __init__(self, s3: Any, name: str) -> None:
        self.s3 = s3
        self.name = name
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})

    def names(self) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]

    def raw(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=self.name, Key=key)["Body"].read())

    def lines(self, key: str) -> list[Any]:
        content = self.raw(key)
        if key.endswith(".gz"):
            content = gzip.decompress(content)
        elif key.endswith(".zst"):
            content = zstandard.ZstdDecompressor().decompress(content)
        return [json.loads(text) for text in content.splitlines()]


@pytest.fixture
def bucket(endpoint: str) -> Iterator[Bucket]:
    client = boto3.client(
        "s3",
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id=KEYS["access_key"],
        aws_secret_access_key=KEYS["secret_key"],
        config=Config(s3={"addressing_style": "path"}),
    )
    yield Bucket(client, f"events-{next(_numbers)}")
    client.close()


@pytest.fixture
def settings(bucket: Bucket, endpoint: str) -> dict[str, Any]:
    return {
        "bucket": bucket.name,
        "region": REGION,
        "endpoint": endpoint,
        "allow_private": True,
        **KEYS,
    }
