"""The generated base of a sink's project, made anew: what moved, and which implementation is left.

Must not know: how a person is told.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from receiver import catalogue, hookspecs
from receiver.codegen import stubs
from receiver.codegen.implementations import Implementation, implementations
from receiver.codegen.stubs import Moved
from receiver.contract import Contract
from receiver.errors import ConfigError

TABLE = "[tool.receiver]"
NOT_OF_EVENTS = frozenset(
    name for name in vars(hookspecs) if name.startswith("on_") or name == "transform"
)
"""Hooks that are there whatever the contract is."""


@dataclass(frozen=True, slots=True)
class Regenerated:
    """The base of one project."""

    file: Path
    text: str
    """What it should hold."""
    current: bool
    """Whether it holds that."""
    moved: Moved
    orphans: tuple[str, ...]
    """A line for each implementation whose hook has no event (any more)."""


def regenerate(
    folder: Path, contract: Contract | None, templates: Mapping[str, str]
) -> Regenerated:
    """The base of the project in a folder; nothing is written.

    `contract` is what it is to be made of, else the contract that the project names. Raises
    ConfigError for a folder that is no project of a sink.
    """
    table, package = _project(folder)
    dotted = str(table.get("contract", "receiver.generated"))
    served = contract or catalogue.contract(dotted)
    events = stubs.matching(served, [str(pattern) for pattern in table.get("events", ["*"])])
    text = stubs.stubs(served, events, dotted, templates)
    file = folder / package / "events.py"
    before = file.read_text(encoding="utf-8") if file.is_file() else ""
    known = set(served.hooks) | NOT_OF_EVENTS
    return Regenerated(
        file,
        text,
        before == text,
        stubs.moved(before, text),
        tuple(found.orphaned(known) for found in _orphans(folder / package, known)),
    )


def _orphans(package: Path, known: set[str]) -> list[Implementation]:
    return [found for found in implementations(package) if found.hook not in known]


def _project(folder: Path) -> tuple[dict[str, Any], str]:
    """What `[tool.receiver]` says, and the name of the package."""
    file = folder / "pyproject.toml"
    try:
        read = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{file}: {getattr(error, 'strerror', None) or error}") from error
    table = read.get("tool", {}).get("receiver")
    sinks = read.get("project", {}).get("entry-points", {}).get("receiver.sinks", {})
    if not isinstance(table, dict) or not sinks:
        raise ConfigError(
            f"{file} has no {TABLE} or no sink; it is not a project of `receiver new sink`"
        )
    return table, str(next(iter(sinks.values()))).partition(":")[0]
