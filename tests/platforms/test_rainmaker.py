"""RainMaker's API as its README has it, and its topics on SNS as moto plays them."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from receiver import catalogue, configured, keptsecrets
from receiver.platforms import topics as topics_of_sns

TOKEN = "an.access.token"
INTEGRATION = {"service_name", "endpoint_name", "integration_enabled"}
FILTER = {"event_type", "entity_id", "entity_type", "enabled", "enabled_for_integrations"}


class Rainmaker:
    """The platform, strictly."""

    def __init__(self) -> None:
        self.integrations: list[Any] = []
        self.filters: list[Any] = []
        self.migrated = False

    def __call__(self, asked: Any) -> tuple[int, Any]:
        if asked.path in ("/v1/login", "/v1/login2"):
            return self.login(asked)
        assert asked.headers["authorization"] == TOKEN  # as it is, no Bearer
        if asked.path == "/v1/admin/webhook_integration":
            return self.integration(asked)
        assert asked.path in ("/v1/admin/event_filter", "/v1/user/event_filter")
        if asked.method == "GET":
            assert set(asked.query) <= {"event_type", "entity_type", "entity_id"}
            return 200, {"event_filters": self.filters}
        assert asked.method == "POST"
        assert set(asked.body) == FILTER
        assert isinstance(asked.body["enabled_for_integrations"], list)
        self.filters.append(asked.body)
        return 200, {"status": "success", "description": "done"}

    def login(self, asked: Any) -> tuple[int, Any]:
        assert asked.method == "POST"
        assert set(asked.body) == {"user_name", "password"}
        assert "authorization" not in asked.headers
        if asked.body["password"] != "right":
            return 401, {"status": "failure", "error_code": 101005, "description": "Incorrect"}
        if self.migrated and asked.path == "/v1/login":
            return 400, {"status": "failure", "error_code": 101044, "description": "migrated"}
        return 200, {"status": "success", "idtoken": "i", "accesstoken": TOKEN, "refreshtoken": "r"}

    def integration(self, asked: Any) -> tuple[int, Any]:
        if asked.method == "GET":
            assert set(asked.query) <= {"service_name", "endpoint_name"}
            return 200, self.integrations
        if asked.method == "DELETE":
            assert set(asked.query) == {"service_name", "endpoint_name"}
            assert asked.body is None
            self.integrations.clear()
        else:
            assert asked.method == "POST"
            assert set(asked.body) == INTEGRATION
            self.integrations.append(asked.body)
        return 200, {"status": "success", "description": "done"}


@pytest.fixture
def world() -> Rainmaker:
    return Rainmaker()


@pytest.fixture
def run(world: Rainmaker, platform: Any, command: Any) -> Any:
    fake = platform(world)

    def run(*arguments: str, **environ: str) -> Any:
        given = {"RAINMAKER_API": fake.url, "RAINMAKER_TOKEN": TOKEN, **environ}
        done = command("rainmaker", *arguments, **given)
        assert TOKEN not in done.stdout + done.stderr
        return done

    return run


@pytest.mark.parametrize("migrated", [False, True])
def test_a_login_keeps_its_token_for_the_other_commands(
    run: Any, world: Rainmaker, tmp_path: Path, migrated: bool
) -> None:
    world.migrated = migrated
    done = run("login", "admin@example.org", RAINMAKER_PASSWORD="right", RAINMAKER_TOKEN="")
    assert done.returncode == 0, done.stderr
    file = tmp_path / ".receiver" / "rainmaker.token"
    assert file.stat().st_mode & 0o777 == 0o600
    assert run("integration", "list", RAINMAKER_TOKEN="").returncode == 0
    wrong = run("login", "admin@example.org", RAINMAKER_PASSWORD="wrong")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (1, 1)
    assert "401: Incorrect" in wrong.stderr


def test_an_integration_is_added_listed_and_removed(run: Any, world: Rainmaker) -> None:
    assert run("integration", "add", "receiver", "receiver").returncode == 0
    assert world.integrations == [
        {"service_name": "receiver", "endpoint_name": "receiver", "integration_enabled": True}
    ]
    assert json.loads(run("integration", "list").stdout) == world.integrations
    assert run("integration", "remove", "receiver", "receiver").returncode == 1
    assert run("integration", "remove", "receiver", "receiver", "--yes").returncode == 0
    assert world.integrations == []


@pytest.mark.parametrize(
    ("level", "entity", "spelt"),
    [
        ("system", "system.rmaker.event.node_connected", "System"),
        ("user", "3f0b0f5e", "USER"),
        ("node", "JtRkq3bTNx8W2c", "NODE"),
    ],
)
def test_a_filter_is_set_as_the_platform_spells_it(
    run: Any, world: Rainmaker, level: str, entity: str, spelt: str
) -> None:
    of = [] if level == "system" else ["--entity", entity]
    event = "rmaker.event.node_connected"
    done = run(
        "filter", "set", "--events", event, "--level", level, *of, "--integration", "receiver"
    )
    assert done.returncode == 0, done.stderr
    assert world.filters == [
        {
            "event_type": event,
            "entity_id": entity,
            "entity_type": spelt,
            "enabled": True,
            "enabled_for_integrations": ["receiver"],
        }
    ]


def test_a_user_asks_the_paths_of_users(run: Any, world: Rainmaker, platform: Any) -> None:
    shown = run(
        "filter", "set", "--events", "*.node_connected", "--level", "user", "--entity", "u-1",
        "--off", "--as-user", "--dry-run",
    )  # fmt: skip
    assert "/v1/user/event_filter" in shown.stdout
    assert world.filters == []
    assert run("filter", "list", "--level", "node", "--as-user").returncode == 0


def test_what_the_platform_does_not_filter_is_refused_here(run: Any, world: Rainmaker) -> None:
    for events, level in (("*.node_registered", "system"), ("*.alert", "node")):
        done = run("filter", "set", "--events", events, "--level", level, "--entity", "x", "--off")
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "does not filter" in done.stderr
    assert world.filters == []


REGION = "eu-central-1"
AWS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": REGION}


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """The URL of a moto server."""
    pytest.importorskip("moto.server", reason="needs moto[server]")
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "moto.server", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urlopen(f"{url}/moto-api/data.json", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def topics(moto: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of SNS in an account that has the topics."""
    boto3 = pytest.importorskip("boto3")
    for name, value in AWS.items():
        monkeypatch.setenv(name, value)
    urlopen(f"{moto}/moto-api/reset", data=b"", timeout=5).close()
    client = boto3.client("sns", endpoint_url=moto)
    for event in catalogue.contract("receiver.generated").events:
        if event.topic:
            client.create_topic(Name=event.topic)
    client.create_topic(Name="another")
    yield client
    client.close()


def test_the_topics_are_allowed_subscribed_and_confirmed(
    run: Any, topics: Any, moto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run("subscribe", "--url", "https://r.example.org", "--aws-endpoint", moto)
    assert done.returncode == 0, done.stderr
    made = topics.list_subscriptions()["Subscriptions"]
    assert len(made) == 18
    assert {(one["Protocol"], one["Endpoint"]) for one in made} == {
        ("https", "https://r.example.org/rainmaker/sns")
    }
    assert done.stdout.count("  confirmed\n") == 18
    kept = keptsecrets.read(tmp_path / ".receiver")["rainmaker"].topics
    assert set(kept) == {one["TopicArn"] for one in made}
    monkeypatch.chdir(tmp_path)
    trusted = configured.current({}).keys.for_source("rainmaker")
    assert trusted is not None
    assert trusted.sns is not None
    assert trusted.sns.topics == kept
    some = run(
        "subscribe", "--url", "https://r.example.org", "--events", "*.alert", "--aws-endpoint", moto
    )
    assert some.stdout.count("confirmed") == 1
    assert keptsecrets.read(tmp_path / ".receiver")["rainmaker"].topics == kept


class Hasty:
    """An SNS whose first confirmation comes before the topic is known to be allowed."""

    def __init__(self) -> None:
        self.subscribed = 0

    def subscribe(self, **_asked: Any) -> dict[str, str]:
        self.subscribed += 1
        return {"SubscriptionArn": "arn:aws:sns:eu-central-1:123456789012:t:1"}

    def get_subscription_attributes(self, SubscriptionArn: str) -> dict[str, Any]:
        return {"Attributes": {"PendingConfirmation": str(self.subscribed < 2).lower()}}


def test_a_confirmation_that_was_refused_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(topics_of_sns, "AGAIN_SECONDS", 0.05)
    aws = Hasty()
    found = topics_of_sns.Topics(aws, sleep=lambda _seconds: time.sleep(0.01))

    assert found.subscribe_confirmed("arn:aws:sns:eu-central-1:123456789012:t", "https://r", 60)
    assert aws.subscribed == 2


def test_a_dry_run_of_a_subscription_needs_no_aws(run: Any, tmp_path: Path) -> None:
    done = run("subscribe", "--url", "https://r.example.org", "--events", "*.alert", "--dry-run")
    assert done.stdout == (
        "sns Subscribe esp_rainmaker_sns_node_alert https https://r.example.org/rainmaker/sns\n"
    )
    assert not (tmp_path / ".receiver").exists()


def test_an_account_without_the_topics_is_told(
    run: Any, topics: Any, moto: str, tmp_path: Path
) -> None:
    done = run(
        "subscribe", "--url", "https://r.example.org", "--aws-endpoint", moto,
        AWS_DEFAULT_REGION="us-east-1",
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "none of the topics" in done.stderr
    assert not (tmp_path / ".receiver").exists()
