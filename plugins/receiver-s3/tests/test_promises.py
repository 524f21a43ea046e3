"""What every sink promises, kept by this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from receiver.testing import SinkSuite


class TestS3(SinkSuite):
    sink = "s3"

    @pytest.fixture
    def sink_settings(self, settings: dict[str, Any]) -> Mapping[str, Any]:
        return {**settings, "partition": "%Y"}

    @pytest.fixture
    def unreachable(self, settings: dict[str, Any]) -> Mapping[str, Any]:
        return {**settings, "bucket": "no-such-bucket"}

    @pytest.fixture
    def arrived(self, bucket: Any) -> Callable[[], list[str]]:
        return lambda: [line["id"] for key in bucket.names() for line in bucket.lines(key)]
