"""gridX, as its page has it: look, the empty curl, a public URL, a rule, the first event."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from receiver import catalogue
from receiver.testing import RunningReceiver

ZROK = Path(__file__).resolve().parents[1] / "exposure" / "zrok.py"
EVENT = "appliance/online"


@contextmanager
def exposed(receiver: RunningReceiver, command: list[str], folder: Path) -> Iterator[str]:
    """The public URL of a receiver while `receiver expose` runs, with a program like zrok."""
    program = folder / "zrok2"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ZROK}" "$@"\n')
    program.chmod(0o755)
    process = subprocess.Popen(
        [sys.executable, "-m", "receiver", *command, "--zrok", str(program), "--json"],
        cwd=receiver.folder,
        env={
            **os.environ,
            "ZROK_LOG": str(folder / "zrok.log"),
            "RECEIVER_SERVER__ADMIN": receiver.admin.removeprefix("http://"),
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def test_from_an_empty_curl_to_the_event_of_a_rule(
    page: Any, gridx: Any, until: Callable[..., None], tmp_path: Path
) -> None:
    world, api, token = gridx
    steps = page("gridx")
    with RunningReceiver(environ={"GRIDX_TOKEN": token}) as receiver:
        curl = steps.line("curl").replace("localhost:8080", receiver.url)
        refused = subprocess.run(
            ["bash", "-ec", curl], capture_output=True, text=True, timeout=60, check=False
        )
        assert " 401 " in refused.stdout.splitlines()[0]
        receiver.wait_for(f"receiver send {EVENT}")
        assert receiver.run(*steps.step("receiver send")).returncode == 0
        receiver.wait_for(f'"type": "{EVENT}"')

        for start in ("receiver platform gridx whoami", "receiver platform gridx rules add"):
            done = receiver.run(*steps.step(start), "--api", api.url)
            assert done.returncode == 0, done.stderr
        [rule] = [rule for rule in world.rules.values() if rule["id"] != "theirs"]
        webhook = rule["notificationType"]["webhook"]
        assert rule["eventType"] == EVENT

        contract = catalogue.contract("receiver.generated")
        [sample] = [event.sample for event in contract.events if event.name == EVENT][:1]
        body = json.dumps({**sample, "id": "b5c4e3d2-0000-4000-8000-00000000f1f5"}).encode()
        digest = hmac.new(webhook["secret"].encode(), body, hashlib.sha512).hexdigest()
        answers: list[httpx.Response] = []
        with exposed(receiver, steps.step("receiver expose"), tmp_path) as url:

            def taken() -> bool:
                """The secret is taken up within a second: gridX would try again, too."""
                answers.append(
                    httpx.post(
                        url + urlsplit(webhook["targetURL"]).path,
                        content=body,
                        headers={"X-Signature": f"sha512={digest}"},
                    )
                )
                return answers[-1].status_code == 200

            until(taken)
        assert json.loads(receiver.wait_for(answers[-1].json()["id"]))["type"] == EVENT

        done = receiver.run(
            *steps.step("receiver platform gridx clean-up"), "--yes", "--api", api.url
        )
        assert (done.returncode, list(world.rules)) == (0, ["theirs"])
