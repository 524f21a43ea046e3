"""docs/plugins.md is true: its files are plugins, its routes are accepted, its test passes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from receiver import catalogue, plugins, testing
from receiver.secrets import sink_settings
from receiver.settings.file import load

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "plugins.md").read_text()
FILES: dict[str, str] = dict(
    re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE, flags=re.DOTALL)
)
ROUTES = re.findall(r"<!-- routes -->\n```toml\n(.*?)```", PAGE, flags=re.DOTALL)
ENVIRON = {
    "CHAT_URL": "https://chat.example.com/room",
    "CRM_URL": "https://crm.example.com/hooks",
    "CRM_TOKEN": "Bearer t0k3n",
    "CRM_SECRET": "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "SLACK_WEBHOOK_URL": "https://chat.example.com/services/T0/B0",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The page's files, each where the page says."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_the_page_shows_what_it_speaks_of() -> None:
    assert sorted(FILES) == [
        "my-plugins/chat.py",
        "my-plugins/everything.py",
        "my-plugins/lines.py",
        "my-plugins/online.py",
        "my-plugins/test_chat.py",
    ]
    assert len(ROUTES) == 3


@pytest.mark.parametrize("name", ["online", "everything"])
def test_a_file_of_the_page_is_a_plugin_that_needs_no_settings(name: str, folder: Path) -> None:
    plugin = plugins.discover(folder / "my-plugins")[name]
    bound = plugins.bind(plugin, name, {}, catalogue.load().hookspecs)
    assert len(bound.hooks) == 1


@pytest.mark.parametrize("text", ROUTES, ids=["own", "http", "sqlite"])
def test_a_route_of_the_page_is_accepted(text: str, folder: Path) -> None:
    file = folder / "receiver.toml"
    file.write_text(text)
    found = load(file, {})
    known = plugins.discover(folder / "my-plugins")
    for name, route in found.settings.routes.items():
        settings: dict[str, Any] = sink_settings(found, name, ENVIRON)
        bound = plugins.bind(known[route.sink], name, settings, catalogue.load().hookspecs)
        assert bound.hooks


def test_the_file_with_a_life_cycle_opens_takes_events_and_closes(folder: Path) -> None:
    plugin = plugins.discover(folder / "my-plugins")["lines"]
    path = folder / "ids"
    sink = plugins.bind(plugin, "ids", {"path": path}, catalogue.load().hookspecs)
    assert sink.open is not None
    assert sink.close is not None
    assert sink.on_batch is not None
    sink.open()
    sink.on_batch([])
    sink.close()
    assert path.exists()


def test_every_hook_and_outcome_of_the_contract_is_on_the_page() -> None:
    for word in ("on_event(event)", "on_batch(events)", "return False", "raise Retry(", "Reject("):
        assert word in PAGE


def test_the_pages_test_passes(folder: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_chat.py"],
        cwd=folder / "my-plugins",
        env={"PYTHONPATH": str(folder / "my-plugins"), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_every_public_name_of_the_kit_is_on_the_page() -> None:
    kit = PAGE.partition("## Test it\n")[2].partition("\n## ")[0]
    told = {"OpenedSink", "Recorded"}  # what others of them give
    assert [name for name in testing.__all__ if name not in kit and name not in told] == []


def test_the_table_for_users_of_flespi_receiver_names_what_there_is() -> None:
    table = PAGE.partition("## Coming from flespi_receiver\n")[2].partition("\n## ")[0]
    assert "`class my_handler(handler_class)`" in table
    assert "`_workout_messages(self, msgs_bunch)` | `@hookimpl def on_batch(self, events)`" in table
    assert "flespi_message" in catalogue.load().contract.hooks
