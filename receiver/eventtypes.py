"""The event types of a document: component schemas that say so, named by the bodies of operations.

Must not know: how a request is proved, or where in it the type sits.
"""

from __future__ import annotations

import keyword
import re

from receiver.contract import FILTER_LEVELS, RESERVED_HOOKS, EventType
from receiver.excerpt import Excerpt, brief

MAX_NAME = 72
"""Characters of a name that becomes a hook, a class or a field: more would not fit on a line."""

_PYTHON_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def event_schemas(root: Excerpt) -> dict[str, Excerpt]:
    """The component schemas that are event types, by their name."""
    return {
        name: schema
        for name, schema in root.at("components", "schemas").fields().items()
        if schema.at("x-receiver", "event").present
    }


def is_python_name(name: str, longest: int = MAX_NAME) -> bool:
    """Whether a name can be a Python name that fits on a line of generated code."""
    fits = len(name) <= longest and _PYTHON_NAME.fullmatch(name) is not None
    return fits and not keyword.iskeyword(name)


class TypeTable:
    """The event types found so far, and the hook names they have taken."""

    def __init__(self, root: Excerpt) -> None:
        self.schemas = event_schemas(root)
        self.events: dict[tuple[str, str], EventType] = {}
        self.hooks: dict[str, tuple[str, str]] = {}

    def in_order(self) -> tuple[EventType, ...]:
        """The event types in the order in which the document has their schemas."""
        order = {name: position for position, name in enumerate(self.schemas)}
        return tuple(sorted(self.events.values(), key=lambda event: order[event.schema]))

    def declared(self, body: Excerpt, source: str, prefix: str) -> tuple[tuple[str, ...], bool]:
        """The event types that a body's schema names, and whether it is an array of them."""
        names: dict[str, None] = {}
        batch = self._named(body, names, set())
        if not names and not body.blamed:
            body.fail("must name an event's schema: a $ref to it, or oneOf, or an array of them")
        events = [self._event(source, prefix, name) for name in names]
        return tuple(dict.fromkeys(event.name for event in events)), batch

    def _named(self, body: Excerpt, names: dict[str, None], seen: set[tuple[str, ...]]) -> bool:
        """Add the event schemas that a body's schema names; True when it is an array of them."""
        target = body.target()
        if target.parts in seen:
            return False
        seen.add(target.parts)
        if target.parts[:2] == ("components", "schemas") and target.parts[2:] == target.parts[2:3]:
            name = target.parts[2]
            if name in self.schemas:
                names[name] = None
                return False
        if target.at("x-receiver", "event").present:
            target.fail(
                "an event's schema stands under components.schemas; its name names the model"
            )
        if target.at("type").value == "array":
            if self._named(target.at("items"), names, seen):
                target.fail("is an array of arrays; an array of events is the most there can be")
            return True
        for key in ("oneOf", "anyOf"):
            for choice in target.at(key).items():
                if self._named(choice, names, seen):
                    choice.fail("is an array among others; a body is one event or an array of them")
        return False

    def _event(self, source: str, prefix: str, schema_name: str) -> EventType:
        """The event type of a component schema, for the source whose operation names it."""
        schema = self.schemas[schema_name]
        words = schema.at("x-receiver")
        words.allow("event", "hook", "filter", "trigger", "topic", "export")
        name = words.at("event").text()
        hook = words.at("hook").text(default_hook(source, name, prefix))
        levels = words.at("filter")
        event = EventType(
            source=source,
            name=name,
            hook=hook,
            schema=schema_name,
            summary=schema.at("title").text(name or "?"),
            description=schema.at("description").text(""),
            filters=tuple(levels.choice(level, FILTER_LEVELS) for level in levels.texts()),
            trigger=words.at("trigger").text(""),
            topic=words.at("topic").text() if words.at("topic").present else None,
            sample=schema.value.get("example"),
            export=words.at("export").text() if words.at("export").present else None,
        )
        known = self.events.setdefault((source, name), event)
        if known.schema != schema_name:
            words.at("event").fail(f"{brief(name)} of {source} is also the type of {known.schema}")
        self._hook(words, event)
        return event

    def _hook(self, words: Excerpt, event: EventType) -> None:
        hook = words.at("hook")
        place = hook if hook.present else words.at("event")
        if not is_python_name(event.hook) or event.hook != event.hook.lower():
            place.fail(
                f"{brief(event.hook)} is no hook name: lower case, at most {MAX_NAME} characters"
            )
        elif event.hook.startswith(RESERVED_HOOKS):
            reserved = ", ".join(RESERVED_HOOKS)
            place.fail(f"the hook name {event.hook} begins like a reserved one: {reserved}")
        owner = self.hooks.setdefault(event.hook, (event.source, event.name))
        if owner != (event.source, event.name):
            place.fail(f"the hook name {event.hook} is taken by {owner[1]} of {owner[0]}")


def default_hook(source: str, name: str, prefix: str) -> str:
    """The hook of an event type that names none: the source and the type without its prefix."""
    return f"{source}_{re.sub(r'[^0-9A-Za-z]+', '_', name.removeprefix(prefix)).strip('_')}".lower()
