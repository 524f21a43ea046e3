"""A platform that this repository does not know needs YAML only, and its events reach a sink."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import shutil
from pathlib import Path

import httpx
import pytest

from receiver.testing import RunningReceiver

SPEC = Path(__file__).resolve().parents[1] / "compiler" / "specs" / "acme.yaml"
SECRET = "a secret of the doors"
CONFIG = """
contract = "acme_contract"

[sources.acme]
secrets = [{ name = "front", value = "env:ACME_SECRET" }]
"""
SINK = """
from receiver import hookimpl

@hookimpl
def acme_opened(event):
    print(f"opened: {event.data.door.serial} by {event.user} at {event.time.isoformat()}")

@hookimpl
def on_event(event):
    print(f"other: {event.type} {event.key}")
"""


def opened(serial: str, number: int) -> bytes:
    return json.dumps(
        {
            "id": f"event-{number}",
            "at": "2026-01-15T08:30:00Z",
            "action": "opened",
            "who": "ada",
            "door": {"serial": serial},
        }
    ).encode()


def signed(body: bytes, category: str = "door") -> dict[str, str]:
    digest = hmac.digest(SECRET.encode(), body, hashlib.sha256)
    return {
        "X-Acme-Category": category,
        "X-Acme-Signature": base64.b64encode(digest).decode(),
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(SPEC, tmp_path / "acme.yaml")
    return tmp_path


def test_an_event_of_an_unknown_platform_reaches_a_sink(folder: Path) -> None:
    receiver = RunningReceiver(
        folder,
        config=CONFIG,
        plugins={"doors.py": SINK},
        environ={"ACME_SECRET": SECRET},
    )
    made = receiver.run("generate", "--spec", "acme.yaml", "--out", "acme_contract")
    assert made.returncode == 0, made.stderr

    with receiver:
        body = opened("12345678", 1)
        answer = httpx.post(f"{receiver.url}/acme/hooks", content=body, headers=signed(body))
        assert (answer.status_code, answer.json()["status"]) == (200, "accepted")
        receiver.wait_for("opened: 12345678 by ada at 2026-01-15T08:30:00+00:00")

        again = httpx.post(f"{receiver.url}/acme/hooks", content=body, headers=signed(body))
        assert again.json() == {"status": "duplicate", "id": answer.json()["id"]}

        stranger = httpx.post(f"{receiver.url}/acme/hooks", content=body)
        assert (stranger.status_code, stranger.content) == (401, b"")

        other = opened("12345678", 2)
        unknown = httpx.post(
            f"{receiver.url}/acme/hooks", content=other, headers=signed(other, category="window")
        )
        assert unknown.json()["status"] == "quarantined"
        assert "window.opened" in unknown.json()["problems"][0]

        sent = receiver.send("door.opened")
        assert [answer["status"] for answer in sent] == [200]


def test_the_package_of_an_own_spec_is_checked_for_drift(folder: Path) -> None:
    receiver = RunningReceiver(folder)
    arguments = ("generate", "--spec", "acme.yaml", "--out", "acme_contract")
    assert receiver.run(*arguments).returncode == 0
    assert receiver.run(*arguments, "--check").returncode == 0

    (folder / "acme.yaml").write_text(SPEC.read_text().replace("A door was opened", "Door open"))
    drift = receiver.run(*arguments, "--check")

    assert drift.returncode == 1
    assert "acme.yaml changed" in drift.stdout + drift.stderr
