"""The generated base of a sink: a stub for each event type that its patterns match.

Must not know: the project that the sink is of, how stubs are called.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from receiver.codegen import rendering
from receiver.codegen.models import models
from receiver.contract import Contract, EventType
from receiver.errors import ConfigError, SpecError
from receiver.patterns import Patterns

TEMPLATE = "events.py.jinja"


@dataclass(frozen=True, slots=True)
class Moved:
    """How the hooks of two versions of a base differ."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


def matching(contract: Contract, patterns: Iterable[str]) -> list[EventType]:
    """The event types that the patterns match. Raises ConfigError when there are none."""
    wanted = Patterns(tuple(patterns))
    found = [event for event in contract.events if wanted.match(event.name)]
    if not found:
        known = ", ".join(event.name for event in contract.events[:5])
        raise ConfigError(f"no event type matches {list(wanted.patterns)}; there are {known}, …")
    return found


def stubs(
    contract: Contract, events: Iterable[EventType], package: str, templates: Mapping[str, str]
) -> str:
    """The text of the base. `package` is the dotted name that the models are imported from.

    Raises SpecError for a contract of which no models can be made.
    """
    problems: list[tuple[str, str]] = []
    made = models(contract, problems)
    if problems:
        raise SpecError(problems)
    return rendering.file(
        TEMPLATE,
        templates,
        {
            "contract": package,
            "events": list(events),
            "model_of": lambda event: made.events[event.schema],
            "stub_doc": stub_doc,
        },
    )


def stub_doc(event: EventType) -> str:
    """What the author of an implementation wants to know."""
    parts = [event.summary, event.description, f"`event.type` is `{event.name}`."]
    return "\n\n".join(part.strip() for part in parts if part.strip())


def moved(before: str, after: str) -> Moved:
    """Which hooks came, changed and went from one text of a base to the next."""
    old, new = _methods(before), _methods(after)
    return Moved(
        added=tuple(name for name in new if name not in old),
        changed=tuple(name for name in new if name in old and old[name] != new[name]),
        removed=tuple(name for name in old if name not in new),
    )


def _methods(text: str) -> dict[str, str]:
    """The stubs of a base, by name; none of a text that is no Python any more."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return {}
    return {
        node.name: ast.unparse(node)
        for cls in tree.body
        if isinstance(cls, ast.ClassDef)
        for node in cls.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
