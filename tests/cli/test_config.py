"""`config check` finds everything, `config show` hides what is secret."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

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
secrets = [{ name = "a", value = "hunter2" }, { name = "b", value = "env:GRIDX" }]
[routes.web]
sink = "http"
[routes.web.settings]
url = "https://example.org/hunter2"
[routes.log]
sink = "jsonl"
settings = { path = "log.jsonl" }
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
        "receiver.toml:9: [routes.c]: route c: sink console",
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
    done = run("config", "check", GRIDX="x")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 sources configured, 2 routes" in done.stdout


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


def test_a_generated_package_beside_the_file_is_found(run: Run, tmp_path: Path) -> None:
    spec = Path(__file__).resolve().parents[1] / "compiler" / "specs" / "acme.yaml"
    made = run("generate", "--spec", str(spec), "--out", str(tmp_path / "acme_events"))
    assert made.returncode == 0, made.stderr
    configured(tmp_path, 'contract = "acme_events"')
    done = run("config", "check")
    assert (done.returncode, done.stderr) == (0, "")
