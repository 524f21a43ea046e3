"""`receiver dev --from flespi://CHANNEL`: messages on stdout, and nothing taken or written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from receiver.testing.looking import looked


def test_messages_are_printed_and_stay_in_the_channel(channel: Any, settings: Any) -> None:
    channel.add(b'{"ident":"van-3","timestamp":1767225600.25,"din":3}', b'{"no":"ident"}')
    environ = {
        "FLESPI_TOKEN": settings["token"],
        "FLESPI_URL": channel.url,
        "FLESPI_ALLOW_PRIVATE": "true",
        "FLESPI_TIMEOUT": "1",
    }
    [first, second], told = looked("flespi://429", 2, environ)
    assert first["type"] == "flespi/message"
    assert first["node"] == "van-3"
    assert first["time"] == "2026-01-01T00:00:00.250000Z"
    assert first["data"] == {"ident": "van-3", "timestamp": 1767225600.25, "din": 3}
    assert second["data"] == {"no": "ident"}
    assert "message 2 would be quarantined" in told
    assert settings["token"] not in told
    assert len(channel.messages) == 2
    assert channel.violations == []


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["flespi://429"], 1, "set the variable FLESPI_TOKEN"),
        (["flespi://"], 2, "write flespi://CHANNEL"),
        (["nowhere://429"], 2, "no installed transport takes 'nowhere://429'"),
        (["429"], 2, "flespi://"),
        (["flespi://429", "--source", "flepsi"], 2, 'did you mean "flespi"?'),
    ],
)
def test_what_cannot_be_looked_at_is_one_line(
    arguments: list[str], status: int, says: str, tmp_path: Path
) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "FLESPI_TOKEN"}
    done = subprocess.run(
        [sys.executable, "-m", "receiver", "dev", "--from", *arguments],
        cwd=tmp_path,
        env={**environ, "COLUMNS": "300"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == status
    assert says in " ".join(done.stderr.split())
