"""Hooks that are implemented in Python files, found by reading them; nothing of them is run.

Must not know: which hooks there are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

MARK = "hookimpl"


@dataclass(frozen=True, slots=True)
class Implementation:
    """A function or method with @hookimpl."""

    file: Path
    line: int
    qualified: str
    """With its class: `Chat.acme_opened`."""
    hook: str

    def orphaned(self, known: set[str]) -> str:
        """One line for its author, when its hook is not among the known ones."""
        near = get_close_matches(self.hook, sorted(known), n=3, cutoff=0.6)
        hint = f"; the nearest hooks are {', '.join(near)}" if near else ""
        return f"{self.file}:{self.line}: {self.qualified} implements a hook without an event{hint}"


def implementations(folder: Path) -> list[Implementation]:
    """Every implementation below a folder, by file and line; files that do not parse have none."""
    found: list[Implementation] = []
    for path in sorted(folder.rglob("*.py")):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            continue
        found += _below(tree, path, "")
    return found


def _below(node: ast.AST, path: Path, prefix: str) -> Iterator[Implementation]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield from _below(child, path, f"{prefix}{child.name}.")
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            marks = [mark for mark in map(_mark, child.decorator_list) if mark is not None]
            if marks:
                hook = marks[0] or child.name
                yield Implementation(path, child.lineno, f"{prefix}{child.name}", hook)


def _mark(decorator: ast.expr) -> str | None:
    """The `specname` of an @hookimpl, empty where it has none; None for any other decorator."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", None)
    if name != MARK:
        return None
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    for keyword in keywords:
        if keyword.arg == "specname" and isinstance(keyword.value, ast.Constant):
            return str(keyword.value.value)
    return ""
