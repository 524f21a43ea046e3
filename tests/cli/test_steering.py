"""`receiver filters`, `users`, `tokens`, `audit`: what is told, and what is wrong in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from receiver.cli import app

PASSWORD = "correct horse battery\n"
CONNECTED = "rmaker.event.node_connected"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "receiver.toml").write_text('[routes.archive]\nsink = "console"\n')
    return tmp_path


def run(*words: str, given: str = "") -> Result:
    return CliRunner().invoke(app, list(words), input=given)


def test_a_filter_is_set_listed_tested_and_removed() -> None:
    run("filters", "set", "system", CONNECTED, "--route", "other")
    listed = [json.loads(line) for line in run("filters", "list", "--json").stdout.splitlines()]
    tested = json.loads(run("filters", "test", CONNECTED, "--json").stdout)
    run("filters", "remove", "system", CONNECTED)

    assert listed == [
        {
            "level": "system",
            "entity": "",
            "type": CONNECTED,
            "enabled": True,
            "routes": ["other"],
        }
    ]
    assert tested == {
        "route": "archive",
        "delivered": False,
        "why": f"the filter system {CONNECTED} does not list archive",
    }
    assert run("filters", "list", "--json").stdout == ""


def test_a_filter_that_reaches_no_route_says_so() -> None:
    nobody = run("filters", "set", "system", CONNECTED)
    misspelt = run("filters", "set", "system", CONNECTED, "--route", "archiv")
    disabled = run("filters", "set", "system", CONNECTED, "--disabled")

    assert "lists no route" in nobody.stderr
    assert "there is no route 'archiv' (yet)" in misspelt.stderr
    assert "no route" not in disabled.stderr


def test_a_route_that_wants_other_events_is_not_said_to_get_them(folder: Path) -> None:
    with (folder / "receiver.toml").open("a") as file:
        file.write('[routes.grid]\nsink = "console"\nsources = ["gridx"]\nevents = ["*"]\n')
        file.write('[routes.gates]\nsink = "console"\nevents = ["gateway/*"]\n')
        file.write('[routes.one]\nsink = "console"\nnodes = ["n-1"]\n')
    lines = run("filters", "test", CONNECTED, "--node", "n-2", "--json").stdout.splitlines()
    told = {each["route"]: (each["delivered"], each["why"]) for each in map(json.loads, lines)}

    assert told["archive"][0] is True
    assert told["grid"] == (False, "the route wants other sources: gridx")
    assert told["gates"] == (False, "the route wants other events: gateway/*")
    assert told["one"] == (False, "the route wants other nodes: n-1")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("system", "rmaker.event.node_registered"), "cannot be disabled at any level"),
        (("node", "rmaker.event.alert", "n"), "it can at: system"),
        (("node", CONNECTED), "needs its user or node"),
        (("room", CONNECTED), "there is no level 'room'"),
        (("system", "nope"), "the contract has no event type"),
    ],
)
def test_a_filter_that_cannot_be_is_an_error(words: tuple[str, ...], reason: str) -> None:
    done = run("filters", "set", *words)

    assert done.exit_code != 0
    assert reason in str(done.exception)


def test_a_user_is_made_told_and_removed() -> None:
    made = run("users", "create", "ann", "--id", "123", "--node", "a-*", given=PASSWORD)
    again = run("users", "create", "ann", given=PASSWORD)
    told = json.loads(run("users", "list", "--json").stdout)
    run("users", "remove", "ann", "--yes")

    assert made.exit_code == 0
    assert "there is a user 'ann' already" in str(again.exception)
    assert (told["name"], told["role"], told["id"], told["nodes"]) == (
        "ann",
        "user",
        "123",
        ["a-*"],
    )
    assert run("users", "list", "--json").stdout == ""


def test_a_short_password_is_refused() -> None:
    done = run("users", "create", "ann", given="short\n")

    assert "15 characters at least" in str(done.exception)


def test_an_unknown_role_is_wrong_usage() -> None:
    assert run("users", "create", "ann", "--role", "king", given=PASSWORD).exit_code == 2


def test_a_token_is_told_once_and_kept_as_a_hash(folder: Path) -> None:
    run("users", "create", "ann", given=PASSWORD)
    made = json.loads(run("tokens", "create", "ann", "--label", "laptop", "--json").stdout)
    listed = run("tokens", "list", "--json").stdout
    store = b"".join(file.read_bytes() for file in (folder / ".receiver").glob("inbox.db*"))
    run("tokens", "revoke", made["id"])

    assert made["secret"].startswith("rcv_")
    assert made["secret"] not in listed
    assert made["secret"].encode() not in store
    assert PASSWORD.strip().encode() not in store
    assert run("tokens", "list", "--json").stdout == ""


def test_a_signing_secret_is_sealed_with_a_key_of_its_owner_alone(folder: Path) -> None:
    run("users", "create", "ann", given=PASSWORD)
    made = json.loads(run("tokens", "create", "ann", "--signing", "--json").stdout)
    store = b"".join(file.read_bytes() for file in (folder / ".receiver").glob("inbox.db*"))
    key = folder / ".receiver" / "key"

    assert made["secret"].encode() not in store
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o644)
    refused = run("tokens", "create", "ann", "--signing")
    assert "chmod 600" in str(refused.exception)


def test_the_trail_tells_who_sat_at_the_terminal() -> None:
    run("users", "create", "ann", given=PASSWORD)
    run("users", "passwd", "ann", given="another good password\n")
    entries = [json.loads(line) for line in run("audit", "--json").stdout.splitlines()]

    assert [entry["action"] for entry in entries] == ["change password", "create user"]
    assert entries[0]["who"].startswith("receiver [")
    assert entries[0]["after"]["password"] == "…"
