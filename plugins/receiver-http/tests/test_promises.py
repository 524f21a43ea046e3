"""What every sink promises, kept by this one."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import pytest

from receiver.testing import RecordingServer, SinkSuite


class TestHttp(SinkSuite):
    sink = "http"
    body: ClassVar[Mapping[str, Any]] = {}

    @pytest.fixture
    def sink_settings(self, recording_server: RecordingServer) -> Mapping[str, Any]:
        return {
            "url": f"{recording_server.url}/s3cr3t-path",
            "headers": {"Authorization": "Bearer t0k3n-of-the-suite"},
            "secret": "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "allow_private": True,
            **self.body,
        }

    @pytest.fixture
    def unreachable(self, sink_settings: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        with socket.socket() as taken:  # bound and not listening: nobody else gets the port
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            yield {**sink_settings, "url": f"http://127.0.0.1:{port}/s3cr3t-path"}

    @pytest.fixture
    def arrived(self, recording_server: RecordingServer) -> Callable[[], list[str]]:
        return lambda: [request.headers["webhook-id"] for request in recording_server.requests]


class TestHttpRaw(TestHttp):
    body: ClassVar[Mapping[str, Any]] = {"body": "raw"}


class TestHttpTemplate(TestHttp):
    body: ClassVar[Mapping[str, Any]] = {
        "body": "template",
        "template": '{"text": {{ (event.type ~ " of " ~ event.node) | tojson }}}',
    }


class TestHttpList(TestHttp):
    sink = "http-list"

    @pytest.fixture
    def arrived(self, recording_server: RecordingServer) -> Callable[[], list[str]]:
        return lambda: [
            event["id"] for request in recording_server.requests for event in request.json()
        ]


class TestHttpBinary(TestHttp):
    body: ClassVar[Mapping[str, Any]] = {"mode": "binary"}
