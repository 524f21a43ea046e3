"""A new sink's project as files: `project(...) -> {path: text}`.

Must not know: where the files go, who asked for them.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from receiver.codegen import rendering, stubs
from receiver.codegen.kinds import KINDS
from receiver.contract import Contract
from receiver.errors import ConfigError

ROOM = "sink"
"""Where the templates lie, in receiver.templates."""
FLOOR = "receiver-framework>=0.1,<0.2"
TAKEN = frozenset({"framework", "console", "jsonl"})
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST = 30

FILES = {
    "pyproject.toml.jinja": "pyproject.toml",
    "README.md.jinja": "README.md",
    "CHANGELOG.md.jinja": "CHANGELOG.md",
    "LICENSE.jinja": "LICENSE",
    "tox.ini.jinja": "tox.ini",
    "gitignore.jinja": ".gitignore",
    "workflow.yml.jinja": ".github/workflows/test.yml",
    "{kind}.py.jinja": "{package}/__init__.py",
    "test_{kind}.py.jinja": "tests/test_{module}.py",
}
"""The file that each template makes; events.py has a maker of its own (stubs)."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a project gets Receiver from."""

    requirement: str = FLOOR
    """What stands in its dependencies."""
    direct: bool = False
    """Whether that names a place, which no index takes in a published project."""
    vendored: bool = False
    """Whether the place is the project's own `vendor/`."""


def vendored(wheel: str) -> Origin:
    """From a wheel in the project's own folder."""
    return Origin(f"receiver-framework @ {{root:uri}}/vendor/{wheel}", True, True)


@dataclass(frozen=True, slots=True)
class Project:
    """What a new sink is to be."""

    name: str
    kind: str
    contract: Contract = field(repr=False)
    package: str
    """The dotted name of the contract's generated package."""
    events: tuple[str, ...]
    """Patterns over event types."""
    origin: Origin
    year: int


def check_name(name: str, taken: frozenset[str] | set[str] = TAKEN) -> None:
    """Raise ConfigError, with a better one where there is one, for what cannot be a sink's name."""
    bare = re.sub(r"^receiver[-_]", "", name, flags=re.IGNORECASE)
    if bare != name:
        raise ConfigError(f"{name!r}: leave out `receiver-`; the project is called that anyway")
    if not _NAME.fullmatch(name) or len(name) > LONGEST:
        better = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-0123456789")[:LONGEST]
        hint = f", such as {better}" if _NAME.fullmatch(better) else ""
        raise ConfigError(
            f"{name!r} cannot be the name of a sink: small letters, digits and single hyphens,"
            f" beginning with a letter, at most {LONGEST} of them{hint}"
        )
    if name in taken:
        raise ConfigError(
            f"{name!r} is a sink already (`receiver sinks list`); name yours otherwise"
        )


def module_of(name: str) -> str:
    """The name as a part of a module's."""
    return name.replace("-", "_")


def class_of(name: str) -> str:
    """The name as a class's."""
    made = "".join(part.capitalize() for part in name.split("-"))
    clash = {"Any", "Event", "Events", "Field", "Path", "Reject", "Retry", "Sink", "Client"}
    clash |= {"SecretStr", "BodySettings"}
    return f"{made}Sink" if keyword.iskeyword(made) or made in clash else made


def project(wanted: Project, templates: Mapping[str, str]) -> dict[str, str]:
    """The project's files, by their path in it.

    `templates` are those of `rendering.read(ROOM)`. Raises ConfigError for patterns that match
    nothing and for a broken template, SpecError for a contract that has no models.
    """
    events = stubs.matching(wanted.contract, wanted.events)
    module = module_of(wanted.name)
    package = f"receiver_{module}"
    places = {"kind": wanted.kind, "package": package, "module": module}
    words = _words(wanted, package, events[0])
    files = {
        target.format(**places): rendering.file(name.format(**places), templates, words)
        for name, target in FILES.items()
    }
    files[f"{package}/events.py"] = stubs.stubs(wanted.contract, events, wanted.package, templates)
    files[f"{package}/py.typed"] = ""
    return files


def _words(wanted: Project, package: str, sample: Any) -> dict[str, Any]:
    """What a template may use."""
    kind = KINDS[wanted.kind]
    return {
        "name": wanted.name,
        "module": module_of(wanted.name),
        "cls": class_of(wanted.name),
        "package": package,
        "distribution": f"receiver-{wanted.name}",
        "summary": kind.summary,
        "settings": kind.settings,
        "route_settings": kind.route,
        "promises": kind.promises,
        "dependencies": kind.dependencies,
        "test_dependencies": kind.test_dependencies,
        "patterns": list(wanted.events),
        "contract": wanted.package,
        "receiver": wanted.origin.requirement,
        "floor": FLOOR,
        "direct": wanted.origin.direct,
        "vendored": wanted.origin.vendored,
        "sample": sample.name,
        "sample_source": sample.source,
        "year": wanted.year,
    }
