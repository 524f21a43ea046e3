"""docs/platforms/flespi.md is true: its configurations are accepted, its settings are all there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from receiver.sources.flespi import FlespiSettings
from receiver.testing import RunningReceiver

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "platforms" / "flespi.md").read_text()
FILES: dict[str, str] = dict(
    re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE, flags=re.DOTALL)
)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_configuration_of_the_page_is_accepted(name: str, tmp_path: Path) -> None:
    environ = {"FLESPI_TOKEN": "t" * 40, "FLESPI_KEY": "k" * 40}
    receiver = RunningReceiver(tmp_path, config=FILES[name], environ=environ)
    checked = receiver.run("config", "check")
    assert checked.returncode == 0, checked.stderr


def test_every_setting_of_the_transport_is_on_the_page() -> None:
    missing = [name for name in FlespiSettings.model_fields if f"`{name}`" not in PAGE]
    assert missing == ["allow_private"]


def test_the_commands_of_the_page_exist(tmp_path: Path) -> None:
    receiver = RunningReceiver(tmp_path, environ={"FLESPI_TOKEN": "t"})
    [words] = re.findall(r"receiver (platform flespi create .*) --dry-run", PAGE)
    shown = receiver.run(*words.split(), "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert "https://hooks.example.com/flespi/messages" in shown.stdout
