"""Relative paths in a sink's settings count from the configuration's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from receiver import Sink, hookimpl
from receiver.plugins import Plugin, anchored


class Files(Sink):
    class Settings(Sink.Settings):
        one: Path = Path("x")
        maybe: Path | None = None
        many: list[Path] = []
        text: str = ""

    @hookimpl
    def on_event(self) -> None:
        """Take it."""


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ({"one": "a/b.db"}, {"one": "/etc/receiver/a/b.db"}),
        ({"one": "/var/b.db"}, {"one": "/var/b.db"}),
        ({"maybe": "b"}, {"maybe": "/etc/receiver/b"}),
        ({"many": ["c", "/d"]}, {"many": ["/etc/receiver/c", "/d"]}),
        ({"text": "a/b"}, {"text": "a/b"}),
        ({"one": 5, "unknown": "a/b"}, {"one": 5, "unknown": "a/b"}),
        ({}, {}),
    ],
)
def test_what_is_declared_as_a_path_is_made_whole(
    given: dict[str, Any], whole: dict[str, Any]
) -> None:
    plugin = Plugin("files", "a test", lambda: Files)
    assert anchored(plugin, given, Path("/etc/receiver")) == whole
