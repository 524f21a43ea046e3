"""A receiver that runs takes what SNS posts, and takes up another allow-list within a second."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from receiver.testing import RunningReceiver

CONFIG = """
[sources.rainmaker.sns]
topics = ["{topics}"]
certificates = "certs"
fetch = false
"""


def test_a_receiver_that_runs_follows_its_list_of_topics(
    amazon: Any, certify: Callable[..., bytes], tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    day = timedelta(days=1)
    (tmp_path / "certs").mkdir()
    pem = certify(amazon.key, begins=now - day, ends=now + day)
    (tmp_path / "certs" / amazon.file).write_bytes(pem)

    def post(receiver: RunningReceiver, number: int) -> httpx.Response:
        message = amazon.notification(at=datetime.now(UTC), MessageId=f"m-{number}")
        return httpx.post(
            f"{receiver.url}/rainmaker/sns",
            content=json.dumps(message),
            headers={
                "Content-Type": "text/plain; charset=UTF-8",
                "x-amz-sns-message-type": "Notification",
            },
        )

    with RunningReceiver(tmp_path, config=CONFIG.format(topics="arn:*:nobody")) as receiver:
        assert post(receiver, 1).status_code == 401
        shown = receiver.run("status").stdout
        assert f'topics = ["arn:*:nobody", "{amazon.topic}"]' in shown
        assert receiver.wait_for("401 rainmaker_sns").count(amazon.topic) == 2

        wanted = CONFIG.format(topics=amazon.topic)
        (tmp_path / "receiver.toml").write_text(wanted)
        end = time.monotonic() + 40
        while (answer := post(receiver, 2)).status_code != 200:
            assert time.monotonic() < end
            time.sleep(0.1)
        assert answer.json()["status"] in ("accepted", "duplicate")
        assert post(receiver, 2).json()["status"] == "duplicate"
        [event] = json.loads(receiver.run("events", "list", "--json").stdout)
        assert (event["type"], event["key"]) == ("rmaker.event.node_connected", "m-2")
        assert amazon.topic not in receiver.run("status").stdout
