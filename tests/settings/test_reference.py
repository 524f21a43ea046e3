"""docs/configuration.md says what the settings model says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from receiver.codegen.configuration import render
from receiver.settings import Settings, combine

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == render(Settings), (
        "run: receiver config reference > docs/configuration.md"
    )


def test_the_example_of_the_page_is_valid() -> None:
    [example] = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    found = combine(example, label="example", base=Path(), environ={})
    assert set(found.settings.routes) == set(tomllib.loads(example)["routes"])
