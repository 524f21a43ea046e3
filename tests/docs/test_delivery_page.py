"""docs/delivery.md and the transforms of docs/plugins.md: what they show is taken as they say."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from receiver import Event, backstage
from receiver.catalogue import load
from receiver.plugins import discover
from receiver.settings import combine

DOCS = Path(__file__).resolve().parents[2] / "docs"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def blocks(page: str, language: str, containing: str = "") -> list[str]:
    text = (DOCS / page).read_text("utf-8")
    found = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return [block for block in found if containing in block]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    [code] = blocks("plugins.md", "python", "def transform")
    (tmp_path / "sinks").mkdir()
    (tmp_path / "sinks" / "enrich.py").write_text(code)
    return tmp_path


@pytest.mark.parametrize(
    "block", [*blocks("delivery.md", "toml"), *blocks("plugins.md", "toml", "[transforms.")]
)
def test_a_configuration_on_the_page_is_right(block: str, folder: Path) -> None:
    text = f'plugins_dir = "sinks"\n{block}'
    found = combine(text, label="receiver.toml", base=folder, environ={})
    routes = backstage.routes(found, load("receiver.generated"), discover(found.plugins_dir), {})
    assert [route.name for route in routes] == list(found.settings.routes)


def test_the_transform_on_the_page_does_what_it_says(folder: Path) -> None:
    scope: dict[str, Any] = {}
    exec((folder / "sinks" / "enrich.py").read_text(), scope)
    enrich = scope["Enrich"](scope["Enrich"].Settings(places={"1234": "Cellar"}))
    given = {"seq": 1, "id": "i", "source": "acme", "type": "t", "time": NOON}
    event = Event(**given, received_at=NOON, node="1234", raw=b'{"n":1}')

    assert enrich.transform(event, "r").data == {"n": 1, "place": "Cellar"}
    assert enrich.transform(Event(**given, received_at=NOON, raw=b"{}"), "r") is None
