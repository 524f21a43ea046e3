"""`receiver secrets`: keys are listed with their use, set and rotated; no value is ever shown."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import httpx
import pytest

from receiver import keptsecrets
from receiver.testing import RunningReceiver

Run = Callable[..., CompletedProcess[str]]
OLD, NEW = "whsec_0123456789abcdef", "whsec_fedcba9876543210"
CONFIG = """
[sources.gridx]
secrets = [{ name = "given", value = "a-secret-of-the-file" }]
"""


def ping(number: int) -> bytes:
    body = {
        "id": f"0b9f3c1e-6d1a-4f5e-9a77-{number:012}",
        "type": "ping",
        "source": "/accounts/demo",
        "specVersion": "1.0",
        "time": "2026-01-15T08:30:00Z",
        "data": {"message": "hello"},
    }
    return json.dumps(body).encode()


def digests(body: bytes, *secrets: str) -> str:
    """The header as gridX writes it: one digest for each live secret."""
    made = [hmac.new(one.encode(), body, hashlib.sha512).hexdigest() for one in secrets]
    return ", ".join(f"sha512={digest}" for digest in made)


def rows(run: Run, *arguments: str) -> list[dict[str, Any]]:
    done = run("secrets", "list", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def told(tmp_path: Path, run: Run) -> Run:
    """Run a command with a secret on standard input."""

    def told(value: str, *arguments: str) -> CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "receiver", "secrets", *arguments],
            cwd=tmp_path,
            env=dict(os.environ),
            input=value,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return told


def test_a_secret_is_kept_for_its_owner_only_and_never_shown(
    told: Run, run: Run, tmp_path: Path
) -> None:
    done = told(OLD + "\n", "set", "gridx", "--name", "2025-b")
    assert (done.returncode, done.stderr) == (0, "")
    file = tmp_path / ".receiver" / keptsecrets.FILE
    assert file.stat().st_mode & 0o777 == 0o600
    kept = keptsecrets.read(file.parent)["gridx"]
    assert dict(kept.secrets) == {"2025-b": OLD}
    [row] = rows(run, "gridx")
    assert (row["name"], row["kind"], row["note"]) == ("2025-b", "secret", "no event yet")
    assert OLD not in done.stdout + run("secrets", "list").stdout + repr(kept)


def test_rotation_gives_the_older_ones_an_end(told: Run, run: Run, tmp_path: Path) -> None:
    (tmp_path / "receiver.toml").write_text(CONFIG)
    told(OLD, "set", "gridx", "--name", "old")
    done = told(NEW, "rotate", "gridx", "--name", "new", "--days", "3")
    assert done.returncode == 0
    assert "'given' stands in receiver.toml:3: add expires = " in done.stderr
    found = {row["name"]: row for row in rows(run, "gridx")}
    assert list(found) == ["given", "new", "old"]
    assert found["given"]["kept_in"] == "receiver.toml:3"
    assert found["new"]["expires"] is None
    assert found["old"]["expires"] is not None
    first = found["old"]["expires"]
    told("another-secret-of-ours", "rotate", "gridx", "--name", "newer", "--days", "30")
    found = {row["name"]: row for row in rows(run, "gridx")}
    assert found["old"]["expires"] == first  # an end does not move away
    assert found["new"]["expires"] is not None


def test_a_secret_is_made_for_the_other_side(told: Run, run: Run, tmp_path: Path) -> None:
    done = run("secrets", "rotate", "solarnetwork", "--generate", "bridge.secret")
    assert done.returncode == 0
    file = tmp_path / "bridge.secret"
    assert file.stat().st_mode & 0o777 == 0o600
    value = file.read_text().strip()
    kept = keptsecrets.read(tmp_path / ".receiver")["solarnetwork"]
    assert list(kept.secrets.values()) == [value]
    assert value not in done.stdout + done.stderr
    again = run("secrets", "rotate", "solarnetwork", "--generate", "bridge.secret")
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)


def test_the_header_of_a_source_that_sends_one_is_kept(told: Run, run: Run, tmp_path: Path) -> None:
    told("a long secret value", "set", "flespi")
    kept = keptsecrets.read(tmp_path / ".receiver")["flespi"]
    assert dict(kept.headers) == {"X-Flespi-Key": "a long secret value"}
    assert [row["kind"] for row in rows(run, "flespi")] == ["header X-Flespi-Key"]


@pytest.mark.parametrize(
    ("value", "arguments", "said"),
    [
        ("", ["set", "gridx"], "not empty"),
        ("a\nb", ["set", "gridx"], "one line"),
        ("x", ["set", "grid"], "gridx"),
        ("x", ["set", "gridx", "--name", "given"], "choose another --name"),
        ("x", ["set", "gridx", "--file", "absent"], "cannot be read"),
        ("x", ["list", "grid"], "gridx"),
    ],
)
def test_what_cannot_be_kept_is_one_line(
    told: Run, tmp_path: Path, value: str, arguments: list[str], said: str
) -> None:
    (tmp_path / "receiver.toml").write_text(CONFIG)
    done = told(value, *arguments)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert said in done.stderr
    assert not (tmp_path / ".receiver" / keptsecrets.FILE).exists()


def test_a_rotation_as_gridx_makes_it_loses_nothing_and_is_seen() -> None:
    """Old and new sign side by side for three days; the list says when the old one may go."""
    with RunningReceiver() as receiver:

        def secrets(value: str, *arguments: str) -> str:
            (receiver.folder / "value").write_text(value)
            done = receiver.run("secrets", *arguments, "--file", "value")
            assert done.returncode == 0, done.stderr
            return done.stdout

        def post(number: int, *keys: str) -> int:
            body = ping(number)
            headers = {"X-Signature": digests(body, *keys)}
            url = f"{receiver.url}/gridx/events"
            return httpx.post(url, content=body, headers=headers).status_code

        def taken(number: int, *keys: str) -> None:
            end = time.monotonic() + 40
            while post(number, *keys) != 200:
                assert time.monotonic() < end
                time.sleep(0.1)

        secrets(OLD, "set", "gridx", "--name", "old")
        taken(1, OLD)
        secrets(NEW, "rotate", "gridx", "--name", "new")
        taken(2, NEW)
        strangers = ["x" * 20, "y" * 20, "z" * 20]
        assert post(3, *strangers, OLD, NEW) == 200
        assert post(4, *strangers) == 401
        listed = receiver.run("secrets", "list", "gridx", "--json").stdout.splitlines()
        found = {row["name"]: row for row in map(json.loads, listed)}
        assert found["new"]["note"] == "proved the last event"
        assert found["old"]["note"].startswith("unused since 20")
        assert found["old"]["last_used"] is not None
