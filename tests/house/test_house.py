"""How the house is kept: names, sizes, what the tree may mention."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import receiver

ROOT = Path(__file__).resolve().parents[2]
CODE = sorted(
    path
    for folder in ("receiver", "plugins", "tests")
    for path in (ROOT / folder).rglob("*.py")
    if not {"build", ".venv", ".tox"} & set(path.parts)
)

JUNK_DRAWERS = {
    *("utils", "util", "helpers", "helper", "common", "misc", "manager", "base", "core"),
    *("service", "handler", "handlers", "types"),
}
PLATFORMS = re.compile(r"rainmaker|gridx|solarnetwork|flespi|espressif", re.IGNORECASE)
LONGEST = 300
LONGER: dict[str, str] = {}
"""Files that are longer than LONGEST, each with its reason; the list may shrink."""


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_file_is_a_junk_drawer() -> None:
    assert [name(path) for path in CODE if path.stem in JUNK_DRAWERS] == []


def test_files_stay_small() -> None:
    long = {name(path) for path in CODE if len(path.read_text().splitlines()) > LONGEST}
    assert long == set(LONGER)


@pytest.mark.parametrize("folder", ["receiver", "templates"])
def test_only_the_sources_know_a_platform(folder: str) -> None:
    knowing = [
        f"{name(path)}:{number}"
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in (".py", ".jinja", ".sql")
        and not {"sources", "platforms"} & set(path.parts)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if PLATFORMS.search(line)
    ]
    assert knowing == []


def test_the_porch_is_a_sorted_list_of_what_is_public() -> None:
    assert receiver.__all__ == sorted(receiver.__all__)
    assert len(receiver.__all__) <= 15
    assert all(hasattr(receiver, public) for public in receiver.__all__)


def test_nothing_that_is_tracked_names_a_place_on_somebodys_machine() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    place = re.compile(rb"/(?:work|root|farm|home/[a-z]+)/")
    naming = [
        path
        for path in tracked
        if path and (ROOT / path).is_file() and place.search((ROOT / path).read_bytes())
    ]
    assert naming == []


def test_every_package_ships() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        declared = tomllib.load(file)["tool"]["setuptools"]["packages"]
    there = [
        ".".join(path.parent.relative_to(ROOT).parts) for path in CODE if path.name == "__init__.py"
    ]
    ours = {package for package in there if package.split(".")[0] == "receiver"}
    assert set(declared) == ours | {"receiver.generated", "receiver.templates"}


def test_the_templates_package_is_empty_and_there() -> None:
    assert (ROOT / "templates" / "__init__.py").read_text() == ""
    assert (ROOT / "generated" / "__init__.py").is_file()
