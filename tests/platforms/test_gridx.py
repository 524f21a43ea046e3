"""gridX's API as its README has it: the older rules, today's subscriptions."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from receiver import keptsecrets
from receiver.testing import RunningReceiver

ACCOUNT, USER = "5b1c2d3e-0000-4000-8000-0000000000aa", "5b1c2d3e-0000-4000-8000-0000000000bb"
RULES = f"/accounts/{ACCOUNT}/users/{USER}/notifications/rules"
WEBHOOKS = f"/accounts/{ACCOUNT}/webhooks"
TOKEN = "a-token-of-gridx"


class Gridx:
    """The platform, strictly."""

    def __init__(self) -> None:
        self.rules: dict[str, Any] = {"theirs": {"id": "theirs", "eventType": "gateway/online"}}
        self.hooks: dict[str, Any] = {}
        self.pinged: Callable[[Any], None] = lambda hook: None

    def __call__(self, asked: Any) -> tuple[int, Any]:
        assert asked.headers["authorization"] == f"Bearer {TOKEN}"
        if asked.path == "/user":
            assert asked.method == "GET"
            return 200, {"id": USER, "accountID": ACCOUNT}
        if asked.path.startswith(RULES):
            assert asked.headers["accept"] == "application/vnd.gridx.v2+json"
            return self.rule(asked, asked.path.removeprefix(RULES).strip("/"))
        assert asked.path.startswith(WEBHOOKS)
        assert asked.headers["accept"] == "application/json"
        return self.hook(asked, asked.path.removeprefix(WEBHOOKS).strip("/"))

    def rule(self, asked: Any, id: str) -> tuple[int, Any]:
        if asked.method == "GET":
            assert not id
            return 200, list(self.rules.values())
        if asked.method == "DELETE":
            return (204, None) if self.rules.pop(id, None) else (404, {"message": "no rule"})
        assert (asked.method, id) == ("POST", "")
        assert asked.headers["content-type"] == "application/json"
        assert set(asked.body) == {"eventType", "notificationType"}
        webhook = asked.body["notificationType"]["webhook"]
        assert set(webhook) == {"targetURL", "secret"}
        assert webhook["targetURL"].startswith("https://")
        made = {"id": f"rule-{len(self.rules)}", "accountID": ACCOUNT, "userID": USER, **asked.body}
        self.rules[made["id"]] = made
        return 201, made

    def hook(self, asked: Any, rest: str) -> tuple[int, Any]:
        id, _, action = rest.partition("/")
        if not id:
            if asked.method == "GET":
                return 200, [
                    {k: v for k, v in h.items() if k != "secret"} for h in self.hooks.values()
                ]
            assert asked.method == "POST"
            assert set(asked.body) == {"eventTypes", "targetURL", "active"}
            assert asked.body["active"] is False
            assert "ping" not in asked.body["eventTypes"]
            number = len(self.hooks) + 1
            made = {"id": f"hook-{number}", "accountID": ACCOUNT, **asked.body}
            self.hooks[made["id"]] = {**made, "secret": f"whsec_{number:016}"}
            return 201, self.hooks[made["id"]]
        hook = self.hooks.get(id)
        if hook is None:
            return 404, {"message": "no such webhook"}
        if action == "ping":
            assert asked.method == "POST"
            assert asked.body in (None, {})
            self.pinged(hook)
            return 202, None
        if action == "secret":
            assert asked.method == "POST"
            hook["secret"] = "whsec_" + "f" * 16
            return 200, {"secret": hook["secret"]}
        if asked.method == "DELETE":
            del self.hooks[id]
            return 204, None
        assert (asked.method, action) == ("PUT", "")
        assert set(asked.body) == {"eventTypes", "targetURL", "active"}
        hook.update(asked.body)
        return 200, {k: v for k, v in hook.items() if k != "secret"}


@pytest.fixture
def gridx(platform: Any) -> tuple[Gridx, Any]:
    world = Gridx()
    return world, platform(world)


@pytest.fixture
def run(gridx: tuple[Gridx, Any], command: Any) -> Any:
    def run(*arguments: str, **more: Any) -> Any:
        done = command("gridx", *arguments, "--api", gridx[1].url, **{"GRIDX_TOKEN": TOKEN, **more})
        assert TOKEN not in done.stdout + done.stderr
        return done

    return run


def test_whoami_tells_user_and_account(run: Any) -> None:
    assert json.loads(run("whoami").stdout) == {"userID": USER, "accountID": ACCOUNT}


def test_one_rule_for_each_event_with_its_own_path(
    run: Any, gridx: tuple[Gridx, Any], tmp_path: Path
) -> None:
    done = run("rules", "add", "--all", "--url", "https://r.example.org/")
    assert done.returncode == 0, done.stderr
    made = {
        one["eventType"]: one["notificationType"]["webhook"]
        for one in gridx[0].rules.values()
        if one["id"] != "theirs"
    }
    assert len(made) == 9
    assert {event: hook["targetURL"] for event, hook in made.items()} == {
        event: f"https://r.example.org/gridx/events/{event}" for event in made
    }
    [secret] = {hook["secret"] for hook in made.values()}
    assert secret in keptsecrets.read(tmp_path / ".receiver")["gridx"].secrets.values()
    assert secret not in done.stdout + done.stderr
    assert len(run("rules", "list", "--json").stdout.splitlines()) == 10


def test_clean_up_removes_what_was_made_here_and_nothing_else(
    run: Any, gridx: tuple[Gridx, Any]
) -> None:
    run("rules", "add", "--events", "appliance/*", "--url", "https://r.example.org")
    assert len(gridx[0].rules) == 4
    refused = run("clean-up")
    assert (refused.returncode, len(gridx[0].rules)) == (1, 4)  # nobody could be asked
    shown = run("clean-up", "--dry-run")
    assert shown.stdout.count("DELETE ") == 3
    assert len(gridx[0].rules) == 4
    gridx[0].rules.pop("rule-1")  # somebody else was quicker
    assert run("clean-up", "--yes").returncode == 0
    assert list(gridx[0].rules) == ["theirs"]
    assert "nothing was made from here" in run("clean-up").stderr


def test_a_rule_is_removed_when_somebody_says_so(run: Any, gridx: tuple[Gridx, Any]) -> None:
    assert run("rules", "remove", "theirs").returncode == 1
    assert run("rules", "remove", "theirs", "--yes").returncode == 0
    assert gridx[0].rules == {}


def test_a_dry_run_shows_all_and_asks_nothing(
    run: Any, gridx: tuple[Gridx, Any], tmp_path: Path
) -> None:
    done = run(
        "subscriptions", "add", "--url", "https://r.example.org", "--dry-run", GRIDX_TOKEN=""
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith(("GET", "POST", "PUT"))]
    base = f"{gridx[1].url}/accounts/ACCOUNT/webhooks"
    assert lines == [
        f"GET {gridx[1].url}/user",
        f"POST {base}",
        f"POST {base}/ID/ping",
        f"PUT {base}/ID",
    ]
    assert "authorization: Bearer …" in done.stdout
    assert gridx[1].asked == []
    assert not (tmp_path / ".receiver").exists()


def test_a_subscription_is_active_once_its_ping_is_here(run: Any, gridx: tuple[Gridx, Any]) -> None:
    world, fake = gridx
    with RunningReceiver() as receiver:

        def pinged(hook: Any) -> None:
            body = json.dumps(
                {
                    "id": f"0b9f3c1e-6d1a-4f5e-9a77-{len(fake.asked):012}",
                    "type": "ping",
                    "source": f"/accounts/{ACCOUNT}",
                    "specVersion": "1.0",
                    "time": "2026-01-15T08:30:00Z",
                    "data": {"message": "hello"},
                }
            ).encode()
            digest = hmac.new(hook["secret"].encode(), body, hashlib.sha512).hexdigest()
            assert hook["targetURL"] == "https://r.example.org/gridx/events"
            httpx.post(
                f"{receiver.url}/gridx/events",
                content=body,
                headers={"X-Signature": f"sha512={digest}"},
            )

        world.pinged = pinged
        folder = receiver.folder
        done = run(
            "subscriptions", "add", "--url", "https://r.example.org", "--events", "ev/*",
            folder=folder,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert world.hooks["hook-1"]["active"] is True
        assert len(world.hooks["hook-1"]["eventTypes"]) == 7
        assert "whsec_" not in done.stdout + done.stderr
        assert run("subscriptions", "ping", "hook-1", folder=folder).returncode == 0
        rotated = run("subscriptions", "rotate", "hook-1", folder=folder)
        assert rotated.returncode == 0, rotated.stderr
        kept = keptsecrets.read(folder / ".receiver")["gridx"]
        assert "whsec_" + "f" * 16 in kept.secrets.values()
        assert list(kept.expires) == ["subscription-hook-1"]
    world.pinged = lambda hook: None
    done = run("subscriptions", "add", "--url", "https://r.example.org", "--wait", "0.2")
    assert done.returncode == 1
    assert "hook-2 stays inactive" in done.stderr
    assert world.hooks["hook-2"]["active"] is False
    assert run("subscriptions", "update", "hook-2", "--active").returncode == 0
    assert world.hooks["hook-2"]["active"] is True
    assert "hook-2" in run("subscriptions", "list", "--json").stdout
    assert run("subscriptions", "remove", "hook-2", "--yes").returncode == 0
    assert "hook-2" not in world.hooks


def test_what_the_platform_refuses_is_one_line(run: Any, gridx: tuple[Gridx, Any]) -> None:
    done = run("subscriptions", "rotate", "nobody")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "404: no such webhook" in done.stderr
    nothing = run("whoami", GRIDX_TOKEN="")
    assert (nothing.returncode, nothing.stderr.count("\n")) == (1, 1)
    assert "GRIDX_TOKEN" in nothing.stderr
