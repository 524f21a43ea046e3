"""Steering it by the platforms' own walks: what is set by the API is what is delivered."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from receiver.testing import RunningReceiver

PASSWORD = "correct horse battery"
CONFIG = """
autoroute = false
plugins_dir = "plugins"
[endpoints.lambda]
sink = "lambda_"
[management]
services = ["lambda_"]
"""
SINK = """
from pathlib import Path
from receiver import hookimpl

@hookimpl
def on_event(event):
    with Path("delivered.txt").open("a") as file:
        file.write(f"{event.type} {event.node} {event.user}\\n")
"""
CONNECTED = "rmaker.event.node_connected"
HOOKS = "/solaruser/api/v1/sec/user/event/node"


class Api:
    """One user of the management API, who is logged in."""

    def __init__(self, receiver: RunningReceiver, name: str) -> None:
        self._client = httpx.Client(base_url=receiver.admin, timeout=40.0)
        body = {"user_name": name, "password": PASSWORD}
        login = self._client.post("/v1/login", json=body)
        self._client.headers["authorization"] = login.json()["accesstoken"]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._client.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()


LogIn = Callable[[str], Api]


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[RunningReceiver]:
    plugins = {"lambda_.py": SINK}
    with RunningReceiver(tmp_path, config=CONFIG, plugins=plugins) as running:
        people = [["root", "--role", "superadmin"], ["ann", "--id", "123"], ["bob", "--id", "9"]]
        for person in people:
            subprocess.run(
                [sys.executable, "-m", "receiver", "users", "create", *person],
                cwd=tmp_path,
                input=PASSWORD,
                text=True,
                check=True,
                capture_output=True,
            )
        yield running


@pytest.fixture
def log_in(receiver: RunningReceiver) -> Iterator[LogIn]:
    with ExitStack() as open_ones:
        yield lambda name: open_ones.enter_context(Api(receiver, name))


def delivered(receiver: RunningReceiver, count: int, seconds: float = 40.0) -> list[str]:
    """The lines of the sink, once there are so many of them."""
    file, end = receiver.folder / "delivered.txt", time.monotonic() + seconds
    while True:
        lines = file.read_text().splitlines() if file.exists() else []
        if len(lines) >= count or time.monotonic() > end:
            assert len(lines) == count, lines
            return lines
        time.sleep(0.05)


def event_filter(type: str, level: str, entity: str, enabled: bool) -> dict[str, Any]:
    return {
        "event_type": type,
        "entity_id": entity,
        "entity_type": level,
        "enabled": enabled,
        "enabled_for_integrations": ["hello"],
    }


def test_the_walk_of_integrations_and_filters(receiver: RunningReceiver, log_in: LogIn) -> None:
    # Login, integration, filters on three levels.
    root = log_in("root")
    integration = {"service_name": "hello", "endpoint_name": "lambda", "integration_enabled": True}
    root.ask("POST", "/v1/admin/webhook_integration", integration)
    system = f"system.{CONNECTED}"
    filters = "/v1/admin/event_filter"
    root.ask("POST", filters, event_filter(CONNECTED, "System", system, True))
    root.ask("POST", filters, event_filter(CONNECTED, "USER", "u-1", True))
    root.ask("POST", filters, event_filter(CONNECTED, "NODE", "n-1", True))

    tried = root.ask("POST", "/v1/routes/hello/test")
    assert (tried["delivered"], tried["why"]) == (True, "")
    delivered(receiver, 1)
    (receiver.folder / "delivered.txt").unlink()

    # The node connects, and the event is delivered.
    about = ("--set", "EventData.NodeId=n-1", "--set", "EventData.UserId=u-1")
    receiver.send(CONNECTED, *about)
    delivered(receiver, 1)

    # The System filter is disabled; the node connects again, and nothing is delivered.
    root.ask("POST", filters, event_filter(CONNECTED, "System", system, False))
    [answer] = receiver.send(CONNECTED, *about)
    explained = explain(receiver, answer["ids"][0], "filtered")
    assert f"system {CONNECTED}" in json.dumps(explained)
    delivered(receiver, 1)

    # It is in the inbox all the same, and can be delivered after all.
    replayed = receiver.run("events", "replay", answer["ids"][0], "--route", "hello", "--yes")
    assert replayed.returncode == 0, replayed.stderr
    root.ask("POST", filters, event_filter(CONNECTED, "System", system, True))
    receiver.send(CONNECTED, *about)
    assert delivered(receiver, 3)[0] == f"{CONNECTED} n-1 u-1"


def explain(receiver: RunningReceiver, event: str, state: str) -> Any:
    """What `events explain` says of the route, once the route has passed the event."""
    end = time.monotonic() + 40
    while True:
        told = receiver.run("events", "explain", event, "--route", "hello", "--json")
        [route] = json.loads(told.stdout)["routes"]
        if route["state"] == state or time.monotonic() > end:
            assert route["state"] == state, route
            return route


def test_the_walk_of_hooks(receiver: RunningReceiver, log_in: LogIn) -> None:
    # Services, topics.
    ann = log_in("ann")
    topics = [one["id"] for one in ann.ask("GET", f"{HOOKS}/topics")["data"]]
    services = [one["id"] for one in ann.ask("GET", f"{HOOKS}/hook/services")["data"]]
    assert "lambda_" in services

    # A hook is saved; what its patterns and its user are for is delivered, nothing else.
    hook = {
        "name": "hourly",
        "topic": topics[0],
        "nodeIds": [456],
        "sourceIds": ["/power/*"],
        "serviceIdentifier": "lambda_",
    }
    id = ann.ask("POST", f"{HOOKS}/hooks", hook)["data"]["id"]
    for user, node, source in [
        (123, 456, "/power/1"),
        (123, 456, "/wind/1"),
        (123, 457, "/power/1"),
        (9, 456, "/power/1"),
        (123, 456, "/power/2"),
    ]:
        told = ("--set", f"userId={user}", "--set", f"nodeId={node}", "--set", f"sourceId={source}")
        receiver.send("datum/agg/update", *told)
    assert delivered(receiver, 2) == ["datum/agg/update 456 123"] * 2

    # The hook is deleted.
    ann.ask("DELETE", f"{HOOKS}/hooks/{id}")
    receiver.send("datum/agg/update", "--set", "userId=123", "--set", "nodeId=456")
    assert ann.ask("GET", f"{HOOKS}/hooks")["data"] == []
    delivered(receiver, 2)


def test_nothing_of_it_is_on_the_public_listener(receiver: RunningReceiver) -> None:
    paths = ["/apiversions", "/management/", "/management.json", "/docs/"]
    served = [httpx.get(receiver.admin + path).status_code for path in paths]
    paths += ["/v1/login", "/v1/routes", f"{HOOKS}/hooks"]
    statuses = [httpx.get(receiver.url + path).status_code for path in paths]

    assert served == [200] * 4
    assert statuses == [404] * len(paths)


def test_what_was_decided_outlives_a_kill(receiver: RunningReceiver, log_in: LogIn) -> None:
    root = log_in("root")
    integration = {"service_name": "hello", "endpoint_name": "lambda", "integration_enabled": True}
    root.ask("POST", "/v1/admin/webhook_integration", integration)
    system = event_filter(CONNECTED, "System", f"system.{CONNECTED}", True)
    root.ask("POST", "/v1/admin/event_filter", system)

    receiver.stop(signal.SIGKILL)
    receiver.start()
    receiver.send(CONNECTED)

    delivered(receiver, 1)
