"""`config check` finds everything, `config show` hides what is secret."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, HttpUrl, Secret, SecretStr

from receiver.masking import showable

Run = Callable[..., subprocess.CompletedProcess[str]]

WRONG = """
[server]
grace = -1
[sources.gridy]
"""
UNUSABLE = """
[sources.gridy]
[sources.gridx]
secrets = [{ name = "a", value = "env:NOWHERE" }]
[routes.a]
sink = "consol"
[routes.b]
sink = "jsonl"
[routes.c]
sink = "console"
settings = { formt = "json" }
"""
RIGHT = """
[sources.gridx]
secrets = [{ name = "a", value = "hunter2-hunter2-hunter2" }, { name = "b", value = "env:GRIDX" }]
[routes.web]
sink = "http"
[routes.web.settings]
url = "https://example.org/hunter2"
[routes.log]
sink = "jsonl"
settings = { path = "log.jsonl" }
"""

DOUBTFUL = """
[sources.gridx]
secrets = [{ name = "a", value = "hunter2" }]
[routes.log]
sink = "console"
events = ["appliance/*", "apliance/*", "!gateway/*"]
sources = ["gridx", "gridy"]
"""
TWINS = """
[sources.gridx]
secrets = [{ name = "a", value = "0123456789abcdef" },
           { name = "a", value = "fedcba9876543210" }]
"""


def configured(folder: Path, text: str) -> None:
    (folder / "receiver.toml").write_text(text)


def test_every_problem_of_the_file_is_a_line(run: Run, tmp_path: Path) -> None:
    configured(tmp_path, WRONG)
    done = run("config", "check")
    assert done.returncode == 1
    assert done.stderr == (
        "receiver.toml:3: [server] grace: should be greater than or equal to 0\n"
    )


def test_sources_secrets_sinks_and_their_settings_are_checked(run: Run, tmp_path: Path) -> None:
    configured(tmp_path, UNUSABLE)
    done = run("config", "check")
    assert done.returncode == 1
    for fault in (
        "receiver.toml:2: [sources.gridy]: the contract has no source 'gridy'; did you mean \"gri",
        "receiver.toml:4: [sources.gridx] secrets[0].value: the environment variable NOWHERE is",
        "receiver.toml:6: [routes.a] sink: no sink 'consol' is installed; did you mean \"console",
        "receiver.toml:7: [routes.b]: route b: sink jsonl",
        "receiver.toml:11: [routes.c] settings.formt: route c: sink console",
    ):
        assert fault in done.stderr
    assert "Traceback" not in done.stderr


def test_a_contract_that_is_not_there_is_told_with_its_line(run: Run, tmp_path: Path) -> None:
    configured(tmp_path, 'contract = "nowhere.generated"')
    done = run("config", "check")
    assert done.returncode == 1
    assert done.stderr.startswith("receiver.toml:1: contract: ")


def test_a_right_configuration_is_said_to_be_right(run: Run, tmp_path: Path) -> None:
    configured(tmp_path, RIGHT)
    done = run("config", "check", GRIDX="x" * 16)
    assert (done.returncode, done.stderr) == (0, "")
    assert "receiver.toml is right: " in done.stdout
    assert "1 source configured, 2 routes" in done.stdout


def test_without_a_file_it_is_said_that_the_defaults_hold(run: Run) -> None:
    done = run("config", "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("no receiver.toml here: the defaults hold;")


def test_what_is_hardly_meant_is_a_warning(run: Run, tmp_path: Path) -> None:
    configured(tmp_path, DOUBTFUL)
    done = run("config", "check")
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "warning: receiver.toml:3: [sources.gridx] secrets[0].value: has fewer than 16 bytes and "
        "can be guessed; make it longer",
        "warning: receiver.toml:6: [routes.log] events[1]: 'apliance/*' matches no event type of "
        "the contract",
        "warning: receiver.toml:7: [routes.log] sources[1]: 'gridy' matches no source of the "
        "contract",
    ]


def test_two_secrets_of_one_name_are_an_error(run: Run, tmp_path: Path) -> None:
    configured(tmp_path, TWINS)
    done = run("config", "check")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "receiver.toml:4: [sources.gridx] secrets[1].name: 'a' is the name of another secret "
        "here, too; rename one\n"
    )


def test_programs_read_the_verdict_as_json(run: Run, tmp_path: Path) -> None:
    configured(tmp_path, UNUSABLE)
    done = run("config", "check", "--json")
    said = json.loads(done.stdout)
    assert (done.returncode, done.stderr, said["right"]) == (1, "", False)
    assert said["errors"][0].startswith("receiver.toml:2: [sources.gridy]: ")
    assert said["warnings"] == []


def test_what_is_in_force_is_shown_with_who_set_it(run: Run, tmp_path: Path) -> None:
    configured(tmp_path, RIGHT)
    done = run("config", "show", "--json", RECEIVER_SERVER__GRACE="5")
    shown = {entry["key"]: (entry["value"], entry["from"]) for entry in json.loads(done.stdout)}
    assert shown["[server] grace"] == (5.0, "RECEIVER_SERVER__GRACE")
    assert shown["[server] lane"] == (True, "default")
    assert shown["[sources.gridx] secrets[1].value"] == ("env:GRIDX", "receiver.toml:3")
    assert shown["[routes.log] settings.path"] == ("log.jsonl", "receiver.toml:10")
    assert shown["[routes.web] sink"] == ("http", "receiver.toml:5")


def test_no_secret_is_shown(run: Run, tmp_path: Path) -> None:
    configured(tmp_path, RIGHT)
    for form in ([], ["--json"]):
        done = run("config", "show", *form)
        assert done.returncode == 0
        assert "hunter2" not in done.stdout
        assert "**********" in done.stdout


NESTED = """
from pydantic import BaseModel, SecretStr
from receiver import Sink, hookimpl

class Auth(BaseModel):
    user: str
    token: SecretStr

class Vault(Sink):
    class Settings(Sink.Settings):
        auth: Auth | None = None
        others: list[Auth] = []
        by_name: dict[str, SecretStr] = {}
        anything: dict = {}
        pin: int | SecretStr = 0
        tags: list[str] = []

    @hookimpl
    def on_event(self, event):
        pass
"""
NESTING = """
plugins_dir = "plugins"
[routes.a]
sink = "vault"
[routes.a.settings]
auth = { user = "shown", token = "hunter2", tokn = "hunter3" }
others = [{ user = "shown", token = "hunter4" }]
by_name = { a = "hunter5" }
anything = { a = { b = ["hunter6"] } }
pin = 8001
tags = ["shown", "too"]
[routes.b]
sink = "not-installed"
settings = { token = "hunter7", pin = 8002, reference = "env:SHOWN", deep = [{ a = 8003 }] }
"""


def test_a_secret_is_hidden_however_deep_it_lies(run: Run, tmp_path: Path) -> None:
    configured(tmp_path, NESTING)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "vault.py").write_text(NESTED)
    done = run("config", "show", "--json")
    assert done.returncode == 0, done.stderr
    assert re.findall(r"hunter\d|800\d", done.stdout) == []
    shown = {entry["key"]: entry["value"] for entry in json.loads(done.stdout)}
    assert shown["[routes.a] settings.auth.user"] == "shown"
    assert shown["[routes.a] settings.auth.token"] == "**********"
    assert shown["[routes.a] settings.tags"] == "shown; too"
    assert shown["[routes.b] settings.token"] == "**********"
    assert shown["[routes.b] settings.reference"] == "env:SHOWN"


class Login(BaseModel):
    user: str
    token: SecretStr


class Tree(BaseModel):
    label: Annotated[str, "any"]
    below: list[Tree] = []


class Key(str):
    """A text of somebody's own."""


class Everything(BaseModel, arbitrary_types_allowed=True):
    text: str
    choice: Literal["a", "b"] | None
    path: Path | None
    numbers: tuple[int, ...]
    limits: dict[str, float]
    tree: Tree
    login: Login | None
    logins: dict[str, list[Login]]
    either: str | SecretStr
    url: HttpUrl
    anything: Any
    table: dict
    own: Key
    alias: str = Field(alias="other")
    wrapped: Secret[int]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("text", True),
        ("choice", True),
        ("path", True),
        ("numbers", True),
        ("limits.a", True),
        ("tree.below.0.below.1.label", True),
        ("tree.unknown", False),
        ("login.user", True),
        ("login.token", False),
        ("login", False),
        ("logins.a.0.user", True),
        ("logins.a.0.token", False),
        ("either", False),
        ("url", False),
        ("anything", False),
        ("anything.a.0", False),
        ("table.a", False),
        ("own", False),
        ("other", True),
        ("alias", False),
        ("wrapped", False),
        ("unknown", False),
        ("text.deeper", False),
    ],
)
def test_a_setting_is_shown_only_when_its_type_leaves_no_room_for_a_secret(
    path: str, shown: bool
) -> None:
    parts = [int(part) if part.isdecimal() else part for part in path.split(".")]
    assert showable(Everything, parts) is shown


def test_a_generated_package_beside_the_file_is_found(run: Run, tmp_path: Path) -> None:
    spec = Path(__file__).resolve().parents[1] / "compiler" / "specs" / "acme.yaml"
    made = run("generate", "--spec", str(spec), "--out", str(tmp_path / "acme_events"))
    assert made.returncode == 0, made.stderr
    configured(tmp_path, 'contract = "acme_events"')
    done = run("config", "check")
    assert (done.returncode, done.stderr) == (0, "")
