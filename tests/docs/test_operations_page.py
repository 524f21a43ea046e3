"""docs/operations.md is true: its files work, its commands exist, its numbers are ours."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import typer
import yaml

from receiver import backstage, catalogue, plugins
from receiver.cli import app
from receiver.http.body import BODY_SECONDS, BYTES_IN_FLIGHT
from receiver.http.health import PATH
from receiver.intake import APPEND_SECONDS
from receiver.metrics import ALL
from receiver.metrics.ingest import REASONS
from receiver.refusals import SECONDS
from receiver.settings import Configuration, Settings
from receiver.settings.file import load

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()
FILES: dict[str, str] = dict(
    re.findall(r"<!-- file: (\S+) -->\n```\w*\n(.*?)```", PAGE, flags=re.DOTALL)
)
SHELL = re.findall(r"```sh\n(.*?)```", PAGE, flags=re.DOTALL)
INLINE = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL))
COMMANDS = sorted(
    {line for block in SHELL for line in block.splitlines() if line.startswith("receiver ")}
    | {text for text in INLINE if re.match(r"receiver [a-z]", text)}
)
SETTINGS = sorted(
    {text for text in INLINE if re.fullmatch(r"(server|store|routes)\.[a-z_.]+", text)}
)
LARGEST = max(operation.limits.body for operation in catalogue.load().contract.operations)
NAMES = {definition.name: definition for definition in ALL}


def test_the_page_has_the_files_it_speaks_of() -> None:
    assert sorted(FILES) == [
        "Caddyfile",
        "environment",
        "nginx.conf",
        "prometheus.yml",
        "receiver.rules.yml",
        "receiver.service",
        "receiver.toml",
    ]


@pytest.fixture
def configured(tmp_path: Path) -> Configuration:
    file = tmp_path / "receiver.toml"
    file.write_text(FILES["receiver.toml"])
    return load(file, environment())


def environment() -> dict[str, str]:
    return dict(line.split("=", 1) for line in FILES["environment"].splitlines())


def test_the_configuration_is_accepted_with_its_environment(configured: Configuration) -> None:
    served, found = catalogue.load(), plugins.discover()
    routes = backstage.routes(configured, served, found, environment())
    assert [route.name for route in routes] == ["archive"]
    assert configured.store_path == Path("/var/lib/receiver/inbox.db")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_exists_and_takes_what_it_is_given(command: str) -> None:
    words = shlex.split(command)[1:]
    group: Any = typer.main.get_command(app)
    context = click.Context(group)
    while isinstance(group, click.Group):
        name, group, words = group.resolve_command(context, words)
        if isinstance(group, click.Group):
            context = click.Context(group, parent=context, info_name=name)
    group.make_context(group.name, words, parent=context)


def test_there_are_commands_on_the_page() -> None:
    assert len(COMMANDS) >= 10


@pytest.mark.parametrize("key", SETTINGS)
def test_every_key_that_is_named_is_one(key: str) -> None:
    model: Any = Settings
    for part in key.split("."):
        model = model.model_fields[part].annotation


def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # as systemd reads it
    parser.read_string(FILES["receiver.service"])
    return parser


def test_the_unit_leaves_time_to_drain_and_room_for_connections() -> None:
    from receiver.http.door import Limits

    service = unit()["Service"]
    assert int(service["TimeoutStopSec"]) > Settings().server.grace + 5
    assert int(service["LimitNOFILE"]) > Limits().connections + 1000
    assert service["KillMode"] == "mixed", "the arbiter alone is told; it drains the others"
    for key in ("ExecStart", "ExecStartPre"):
        assert service[key].partition(" ")[2] in ("serve", "config check")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_takes_the_unit_and_finds_it_hardened(tmp_path: Path) -> None:
    text = FILES["receiver.service"].replace("/usr/local/lib/receiver/bin/receiver", sys.executable)
    path = tmp_path / "receiver.service"
    path.write_text(text)
    environ = {**os.environ, "SYSTEMD_LOG_LEVEL": "warning"}
    verify = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(path)]
    checked = subprocess.run(verify, capture_output=True, text=True, check=False, env=environ)
    assert checked.returncode == 0, checked.stderr
    assert "receiver.service" not in checked.stderr, checked.stderr
    rate = ["systemd-analyze", "security", "--offline=yes", "--threshold=30", str(path)]
    rated = subprocess.run(rate, capture_output=True, text=True, check=False, env=environ)
    assert rated.returncode == 0, rated.stdout


def nginx(directive: str) -> str:
    found = re.search(rf"^\s*{directive} (.+);$", FILES["nginx.conf"], flags=re.MULTILINE)
    assert found, directive
    return found[1]


def test_the_proxies_take_every_body_and_wait_for_every_answer() -> None:
    assert int(nginx("client_max_body_size").removesuffix("m")) * 2**20 >= LARGEST
    caddy = FILES["Caddyfile"]
    assert int(re.findall(r"max_size (\d+)MiB", caddy)[0]) * 2**20 >= LARGEST
    longest = BODY_SECONDS + APPEND_SECONDS
    assert int(nginx("proxy_read_timeout").removesuffix("s")) > longest
    assert int(re.findall(r"response_header_timeout (\d+)s", caddy)[0]) > longest


def test_the_proxies_let_go_of_connections_first() -> None:
    idle = Settings().server.idle
    assert int(nginx("keepalive_timeout").removesuffix("s")) < idle
    assert int(re.findall(r"keepalive (\d+)s", FILES["Caddyfile"])[0]) < idle


def test_proxies_overwrite_what_strangers_say_of_themselves_and_redirect_nobody() -> None:
    assert nginx("proxy_set_header X-Forwarded-For") == "$remote_addr"
    assert not re.search(r"\b(return|rewrite|redir)\b", FILES["nginx.conf"] + FILES["Caddyfile"])


def test_the_table_of_metrics_is_that_of_the_code() -> None:
    [table] = re.findall(r"<!-- metrics -->\n.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE)
    rows = [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in table.splitlines()]
    assert rows == [
        (
            f"`{each.name}`",
            each.kind,
            ", ".join(f"`{label}`" for label in each.labels) or "-",
            each.help,
        )
        for each in ALL
    ]


@pytest.mark.parametrize("name", sorted(set(re.findall(r"receiver_[a-z_]+", PAGE))))
def test_every_metric_that_is_named_is_there(name: str) -> None:
    known = {*NAMES, *(f"{n}_bucket" for n, d in NAMES.items() if d.kind == "histogram")}
    assert name in known


def rules() -> list[dict[str, Any]]:
    [group] = yaml.safe_load(FILES["receiver.rules.yml"])["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_labels_and_words_that_are_there(rule: dict[str, Any]) -> None:
    assert rule["annotations"]["summary"].endswith((".", "?"))
    for name, selector in re.findall(r"(receiver_[a-z_]+?)(?:_bucket)?\{(.*?)\}", rule["expr"]):
        for label, value in re.findall(r'(\w+)="([^"]*)"', selector):
            assert label in NAMES[name].labels
            assert (
                value
                in {
                    "reason": set(REASONS),
                    "status": {"accepted", "duplicate", "quarantined"},
                    "source": set(catalogue.load().contract.sources),
                }[label]
            )
    for label in re.findall(r"by \((\w+)\)", rule["expr"]):
        assert label in {"le"} | {label for each in ALL for label in each.labels}


def test_the_scrape_asks_the_admin_listener() -> None:
    [job] = yaml.safe_load(FILES["prometheus.yml"])["scrape_configs"]
    assert job["static_configs"][0]["targets"] == [Settings().server.admin]
    assert yaml.safe_load(FILES["prometheus.yml"])["rule_files"] == ["receiver.rules.yml"]


def test_every_reason_is_explained() -> None:
    assert [reason for reason in REASONS if f"`{reason}`" not in PAGE] == ["other"]


def test_the_numbers_of_the_page_are_ours() -> None:
    assert f"{BYTES_IN_FLIGHT // 2**20} MiB at most" in PAGE
    assert f"It comes after {BODY_SECONDS + APPEND_SECONDS:.0f} at the latest" in PAGE
    assert f"({BODY_SECONDS:.0f} for the body, {APPEND_SECONDS:.0f} for" in PAGE
    assert f"`server.idle`** ({Settings().server.idle:.0f} s)" in PAGE
    assert f"server.grace ({Settings().server.grace:.0f} s)" in PAGE
    assert SECONDS == 60, "one a minute for each source and reason"
    assert f"`GET {PATH}`" in PAGE
