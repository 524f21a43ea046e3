"""`receiver new lambda`: a SAM project that is right as it is, and functions that do their work."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from receiver import catalogue, keptsecrets
from receiver.testing import RunningReceiver

cfnlint = pytest.importorskip("cfnlint", reason="needs cfn-lint")
TOPIC = "arn:aws:sns:us-east-1:111122223333:esp_rainmaker_sns_node_connected"
LINT = "from cfnlint.runner import main; main()"
KINDS = {
    "plain": [],
    "extra": ["--extra"],
    "forward": ["--forward", "https://receiver.example.org"],
    "some": ["--events", "*.alert", "--events", "*.node_*"],
    "queue": ["--source", "solarnetwork"],
    "bridge": ["--source", "solarnetwork", "--forward", "https://receiver.example.org"],
}


def receiver(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "receiver", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a project of each kind."""
    folder = tmp_path_factory.mktemp("projects")
    for name, arguments in KINDS.items():
        done = receiver(folder, "new", "lambda", name, *arguments)
        assert done.returncode == 0, done.stderr
    return folder


class _Loader(yaml.SafeLoader):
    """Reads the short forms of CloudFormation's functions as their long ones."""


def _function(loader: Any, suffix: str, node: Any) -> Any:
    name = suffix if suffix == "Ref" else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {name: value.split(".") if suffix == "GetAtt" else value}


_Loader.add_multi_constructor("!", _function)


def template(projects: Path, kind: str) -> dict[str, Any]:
    text = (projects / kind / "template.yaml").read_text()
    loaded: dict[str, Any] = yaml.load(text, Loader=_Loader)
    return loaded


def test_every_template_passes_cfn_lint(projects: Path) -> None:
    files = [str(projects / kind / "template.yaml") for kind in KINDS]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LINT, *files],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("kind", "topics"),
    [("plain", 18), ("extra", 19), ("forward", 18), ("some", 8), ("queue", 0), ("bridge", 0)],
)
def test_the_sam_translator_makes_a_subscription_for_each_topic(
    projects: Path, kind: str, topics: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from samtranslator.translator.transform import transform

    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")

    class Policies:
        def load(self) -> dict[str, str]:
            return {}

    given = template(projects, kind)
    # As `sam package` writes it.
    given["Resources"]["Function"]["Properties"]["CodeUri"] = "s3://bucket/code.zip"
    made = transform(given, {"QueueArn": "arn:aws:sqs:eu-west-1:1:q"}, Policies())
    kinds = [resource["Type"] for resource in made["Resources"].values()]
    assert kinds.count("AWS::SNS::Subscription") == topics
    assert kinds.count("AWS::Lambda::Permission") == topics
    assert kinds.count("AWS::SQS::Queue") == (1 if topics else 0)
    assert kinds.count("AWS::Lambda::EventSourceMapping") == (0 if topics else 1)
    assert kinds.count("AWS::IAM::Role") == 1
    assert kinds.count("AWS::Logs::LogGroup") == 1


def test_the_topics_are_imported_as_the_platform_exports_them(projects: Path) -> None:
    events = template(projects, "extra")["Resources"]["Function"]["Properties"]["Events"]
    names = {
        event["Properties"]["Topic"]["Fn::Sub"][1]["Topic"]["Fn::ImportValue"]
        for event in events.values()
    }
    contract = catalogue.contract("receiver.generated")
    exports = {event.export for event in contract.events if event.export}
    assert len(exports) == 18
    assert names == exports | {"esp-UserNodeRemoveSharingSNS"}
    assert "StageName" in template(projects, "extra")["Parameters"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_role_may_do_no_more_than_it_needs(projects: Path, kind: str) -> None:
    role = template(projects, kind)["Resources"]["Role"]["Properties"]
    assert "ManagedPolicyArns" not in role
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            assert all("*" not in action for action in statement["Action"])
            assert isinstance(statement["Resource"], dict)


def test_the_requirements_resolve_though_receiver_is_on_no_index(projects: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", "--no-deps"),
            *("--ignore-installed", "-r", "function/requirements.txt"),
        ],
        cwd=projects / "plain",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Would install receiver-framework" in done.stdout


def test_the_function_prints_the_payload_as_indented_json(projects: Path) -> None:
    script = "import json, app; print(app.handler(json.load(open('../event.json')), None))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=projects / "plain" / "function",
        env={**os.environ, "RECEIVER_LAMBDA_SOURCE": "rainmaker"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '      "EventType": "rmaker.event.node_connected"' in done.stdout
    assert "{'batchItemFailures': []}" in done.stdout


@pytest.fixture
def load(projects: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ModuleType]]:
    """The forwarding function of a project, with what its environment says."""

    def load(kind: str, **environ: str) -> ModuleType:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        path = projects / kind / "function" / "app.py"
        spec = importlib.util.spec_from_file_location(f"app_{kind}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


def by_sns(text: str, id: str) -> dict[str, Any]:
    return {"Sns": {"Type": "Notification", "MessageId": id, "TopicArn": TOPIC, "Message": text}}


def test_a_live_receiver_takes_what_the_functions_forward(
    load: Callable[..., ModuleType],
) -> None:
    events = [e for e in catalogue.contract("receiver.generated").events if e.export]
    with RunningReceiver() as running:
        kept = keptsecrets.read(running.folder / ".receiver")
        secret = kept["rainmaker"].secrets["dev"]
        app = load("forward", RECEIVER_URL=running.url, RECEIVER_SECRET=secret)
        for number, event in enumerate(events):
            record = by_sns(json.dumps(event.sample), f"m-{number}")
            assert app.handler({"Records": [record]}, None) == {"batchItemFailures": []}
        unknown = json.dumps({"EventType": "rmaker.event.of_tomorrow", "EventData": {}})
        app.handler({"Records": [by_sns(unknown, "m-x"), by_sns(unknown, "m-y")]}, None)
        odd = ['{"EventType": ["a"]}', '{"EventType": {}}', "[]", "no JSON", "null"]
        records = [by_sns(text, f"odd-{number}") for number, text in enumerate(odd)]
        app.handler({"Records": records}, None)
        # The same message again is the same event, whatever its id says.
        app.handler({"Records": [by_sns(json.dumps(events[0].sample), "m-0")]}, None)

        secret = kept["solarnetwork"].secrets["dev"]
        bridge = load("bridge", RECEIVER_URL=running.url + "/", RECEIVER_SECRET=secret)
        sample = json.dumps({**SOLAR, "sourceId": "/büro/1"}, ensure_ascii=False)
        queued = [{"messageId": "q-1", "body": sample}, {"messageId": "q-2", "body": sample}]
        assert bridge.handler({"Records": queued}, None) == {"batchItemFailures": []}

        listed = json.loads(running.run("events", "list", "--limit", "100", "--json").stdout)
        taken = {(one["type"], one["key"]) for one in listed if one["source"] == "rainmaker"}
        assert taken == {(event.name, f"m-{number}") for number, event in enumerate(events)}
        assert sum(one["source"] == "solarnetwork" for one in listed) == 2
        refused = running.run("quarantine", "list", "--json").stdout
        assert refused.count("rmaker.event.of_tomorrow") >= 2

        wrong = load("bridge", RECEIVER_SECRET="not the secret")
        answer = wrong.handler({"Records": queued}, None)
        assert [one["itemIdentifier"] for one in answer["batchItemFailures"]] == ["q-1", "q-2"]
    with pytest.raises(RuntimeError, match="1 of 1 records"):
        app.handler({"Records": [by_sns("{}", "m-1")]}, None)


SOLAR = {
    "topic": "datum/agg/update",
    "userId": 123,
    "hookId": 234,
    "nodeId": 456,
    "timestamp": 1767225600000,
    "aggregationKey": "h",
}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Big Name"], "cannot be the name"),
        (["a", "--source", "nobody"], "no source 'nobody'"),
        (["a", "--events", "no.such"], "no event type"),
        (["a", "--forward", "example.org"], "write it with https://"),
        (["a", "--source", "flespi", "--forward", "https://x"], "HMAC"),
        (["plain"], "is there already"),
    ],
)
def test_what_no_function_can_be_made_of_is_one_line(
    projects: Path, arguments: list[str], said: str
) -> None:
    done = receiver(projects, "new", "lambda", *arguments)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert said in done.stderr
