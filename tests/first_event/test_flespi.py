"""flespi, as its page has it: a look into a channel, and a stream that posts to us."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from receiver.testing import RunningReceiver
from receiver.testing.looking import looked

LOOKING_TOKEN = "t0k3n-of-a-channel"
STREAM_TOKEN = "t0k3n-for-streams"


def test_a_look_prints_messages_which_stay_in_the_channel(page: Any, channel: Any) -> None:
    channel.add(b'{"ident":"van-3","timestamp":1767225600.25,"din":3}', b'{"no":"ident"}')
    environ = {
        "FLESPI_TOKEN": LOOKING_TOKEN,
        "FLESPI_URL": channel.url,
        "FLESPI_ALLOW_PRIVATE": "true",
        "FLESPI_TIMEOUT": "1",
    }
    dev, option, url = page("flespi").step("FLESPI_TOKEN=… receiver dev")
    assert (dev, option) == ("dev", "--from")
    [first, second], told = looked(url, 2, environ)
    assert first["type"] == "flespi/message"
    assert first["node"] == "van-3"
    assert first["time"] == "2026-01-01T00:00:00.250000Z"
    assert first["data"] == {"ident": "van-3", "timestamp": 1767225600.25, "din": 3}
    assert second["data"] == {"no": "ident"}
    assert "message 2 would be quarantined" in told
    assert LOOKING_TOKEN not in told
    assert len(channel.messages) == 2
    assert channel.violations == []


def test_a_stream_is_made_whose_messages_a_running_receiver_takes(
    page: Any, gateway: Any, tmp_path: Path
) -> None:
    environ = {"FLESPI_TOKEN": STREAM_TOKEN}
    with RunningReceiver(tmp_path, config="", environ=environ) as receiver:
        command = page("flespi").step("FLESPI_TOKEN=… receiver platform flespi create")
        dry = receiver.run(*command, "--api", gateway.url)
        assert (dry.returncode, gateway.streams) == (0, {})
        command.remove("--dry-run")
        done = receiver.run(*command, "--api", gateway.url)
        assert done.returncode == 0, done.stderr
        [stream] = gateway.streams.values()
        told = stream["configuration"]
        assert told["uri"] == "https://hooks.example.com/flespi/messages"
        assert gateway.subscribed == [(4711, 429)]
        [header] = told["headers"]
        assert header["value"] not in done.stdout + done.stderr
        sent = httpx.post(
            f"{receiver.url}/flespi/messages",
            json=[{"ident": "a"}],
            headers={header["name"]: header["value"]},
        )
        assert sent.status_code == 200
        assert json.loads(receiver.wait_for("flespi/message"))["node"] == "a"
