"""docs/architecture.md draws the floors as tests/house/test_floors.py has them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()


def floors() -> dict[str, int]:
    """The floor of each room, as the floors test has it."""
    tree = ast.parse((ROOT / "tests" / "house" / "test_floors.py").read_text())
    [table] = [
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "FLOORS"
    ]
    assert table is not None
    return {room: n for n, rooms in enumerate(ast.literal_eval(table)) for room in rooms}


def drawn() -> dict[str, int]:
    """The floor of each room, as the page has it."""
    rows = re.findall(r"^\| (\d) [^|]+\| ([^\n]+) \|$", PAGE, flags=re.MULTILINE)
    return {
        room: int(floor)
        for floor, text in rows
        for room in re.findall(r"`([a-z_.]+)`", re.sub(r"\([^)]*\)", "", text))
    }


def exists(room: str) -> bool:
    path = ROOT / "receiver" / room.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file()


def test_every_room_is_drawn_on_its_floor() -> None:
    known = {room: floor for room, floor in floors().items() if exists(room)}
    assert {room: drawn().get(room) for room in known} == known


def test_nothing_is_drawn_that_is_not_there() -> None:
    assert [room for room in drawn() if not exists(room)] == []


def test_every_module_that_the_page_names_is_there() -> None:
    named = re.findall(r"`((?:http|dispatch|inbox|signature)/[a-z_]*(?:\.py)?)`", PAGE)
    missing = [name for name in named if not exists(name.removesuffix(".py").rstrip("/"))]
    assert missing == []
