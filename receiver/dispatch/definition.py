"""A route as it is kept: what decided whether it wanted an event, and what became of it there.

JSON, written when a route begins to deliver and read by who explains a delivery later
(receiver.inbox.facts). No settings of sinks: those may be secret. Must not know: the inbox.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from receiver.contract import Contract
from receiver.dispatch.route import Route
from receiver.inbox import Head
from receiver.patterns import EXCLUDES, Patterns

GENERAL = ("on_event", "on_batch")


class RouteDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a route."""

    sink: str
    origin: str
    """Where the sink's code came from."""
    events: tuple[str, ...]
    sources: tuple[str, ...]
    nodes: tuple[str, ...]
    users: tuple[str, ...]
    hooks: tuple[str, ...]
    """Those that its sink implements."""
    transforms: tuple[str, ...] = ()
    strict: bool = False
    """Whether only what an enabled filter lists it for was delivered."""
    ordered: bool = True
    delays: tuple[float, ...] = ()
    """Seconds before attempt 2, 3, …"""
    max_age: float | None = None


class Verdict(msgspec.Struct, frozen=True):
    """Whether a route wanted an event, and what said so."""

    wanted: bool
    by: str
    """The pattern that let it in (`events: door/*`), or what kept it out."""


def text_of(route: Route, hooks: Iterable[str]) -> str:
    """The definition of a route whose sink has these hooks."""
    definition = RouteDefinition(
        sink=route.plugin.name,
        origin=route.plugin.origin,
        events=route.events,
        sources=route.sources,
        nodes=route.nodes,
        users=route.users,
        hooks=tuple(sorted(hooks)),
        transforms=tuple(transform.name for transform in route.transforms),
        strict=route.strict,
        ordered=route.ordered,
        delays=route.schedule.delays,
        max_age=route.schedule.max_age,
    )
    return msgspec.json.encode(definition).decode()


def read(text: str) -> RouteDefinition:
    """The definition that was kept. Raises msgspec.ValidationError for another text."""
    return msgspec.json.decode(text, type=RouteDefinition)


def judge(definition: RouteDefinition, head: Head, contract: Contract) -> Verdict:
    """Whether a route of this definition wanted an event, as receiver.dispatch.selection decides.

    Which hook a type has is the present contract's word.
    """
    for key, patterns, value in (
        ("sources", definition.sources, head.source),
        ("events", definition.events, head.type),
        ("nodes", definition.nodes, head.node),
        ("users", definition.users, head.user),
    ):
        if not Patterns(patterns).match(value):
            return Verdict(False, _refusal(key, patterns, value))
    declared = contract.event_types.get((head.source, head.type))
    if not any(hook in definition.hooks for hook in (declared and declared.hook, *GENERAL)):
        return Verdict(False, f"the sink {definition.sink} has no hook for {head.type or '(none)'}")
    matched = next((p for p in definition.events if _wants(p, head.type)), "*")
    return Verdict(True, f"events: {matched}")


def _wants(pattern: str, value: str) -> bool:
    return not pattern.startswith(EXCLUDES) and Patterns([pattern]).match(value)


def _refusal(key: str, patterns: tuple[str, ...], value: str | None) -> str:
    for pattern in patterns:
        if pattern.startswith(EXCLUDES) and Patterns([pattern[1:]]).match(value):
            return f"{key}: {pattern} excludes {value or '(none)'}"
    return f"{key}: none of {', '.join(patterns)} matches {value or '(none)'}"
