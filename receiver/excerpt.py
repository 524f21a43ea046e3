"""A part of an OpenAPI document that knows where it stands and where its problems go.

Must not know: what the document means. Reading never raises: what is wrong is noted, with the JSON
pointer (RFC 6901) to it, and reading goes on with an empty value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

ABSENT: Final = object()
"""The value of an excerpt that is not there."""

VENDOR = "x-receiver"
_VENDOR_KEYS = (VENDOR, "x-receiver-aliases", "x-receiver-json", "x-extensible-enum")
"""The vendor keys that have a meaning here; any other is somebody else's, if it is not near."""
_ALIKE = 0.85

MAX_DEPTH = 100
MAX_VALUES = 1_000_000

_NAME_MAPS = frozenset(
    {
        *("properties", "patternProperties", "schemas", "responses", "parameters", "examples"),
        *("requestBodies", "headers", "securitySchemes", "links", "callbacks", "paths"),
        *("content", "variables", "scopes", "mapping"),
    }
)
"""Keys whose value maps names, chosen by the author, to parts of the document."""
_DATA = frozenset({"example", "examples", "default", "enum"})


def pointer(parts: tuple[str, ...]) -> str:
    """The JSON pointer made of unescaped parts."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def pointer_parts(text: str) -> tuple[str, ...] | None:
    """The unescaped parts of a JSON pointer other than the root's, or None when it is none."""
    if not text.startswith("/") or "~" in text.replace("~0", "").replace("~1", ""):
        return None
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/"))


@dataclass(frozen=True, slots=True)
class Report:
    """One document under reading and the problems found so far, as (pointer, reason)."""

    document: Any
    problems: list[tuple[str, str]] = field(default_factory=list)

    def note(self, parts: tuple[str, ...], reason: str) -> None:
        problem = (pointer(parts), reason)
        if problem not in self.problems:
            self.problems.append(problem)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One value of the document."""

    value: Any
    parts: tuple[str, ...]
    report: Report

    @property
    def present(self) -> bool:
        return self.value is not ABSENT

    @property
    def where(self) -> str:
        """The JSON pointer to it."""
        return pointer(self.parts)

    @property
    def blamed(self) -> bool:
        """Whether something in it was found wrong already."""
        return any(f"{where}/".startswith(f"{self.where}/") for where, _ in self.report.problems)

    def fail(self, reason: str) -> None:
        self.report.note(self.parts, reason)

    def at(self, *keys: str) -> Excerpt:
        """The value below some keys; absent where one of them is.

        A misspelt `x-receiver`, which `survey` has noted, is read as what was meant: what is in it
        can be wrong, too, and nothing is blamed for its absence.
        """
        value, parts = self.value, self.parts
        for key in keys:
            if key == VENDOR and isinstance(value, Mapping) and key not in value:
                key = next((name for name in value if meant(name) == VENDOR), key)
            value = value.get(key, ABSENT) if isinstance(value, Mapping) else ABSENT
            parts = (*parts, key)
        return Excerpt(value, parts, self.report)

    def fields(self) -> dict[str, Excerpt]:
        """The values of a mapping by key; none when it is absent."""
        if self.value is ABSENT:
            return {}
        if not isinstance(self.value, Mapping):
            self.fail(f"must be a mapping, is {kind(self.value)}")
            return {}
        return {key: self.at(key) for key in self.value}

    def items(self) -> list[Excerpt]:
        """The elements of a list; none when it is absent."""
        if self.value is ABSENT:
            return []
        if not isinstance(self.value, list):
            self.fail(f"must be a list, is {kind(self.value)}")
            return []
        return [
            Excerpt(value, (*self.parts, str(index)), self.report)
            for index, value in enumerate(self.value)
        ]

    def text(self, default: str | None = None) -> str:
        """A text that is not empty; without a default it must be there."""
        if self.value is ABSENT and default is not None:
            return default
        if isinstance(self.value, str) and (self.value or default == ""):
            return self.value
        what = "is missing" if self.value is ABSENT else f"is {kind(self.value)}"
        self.fail(f"must be a text, {what}")
        return default or ""

    def texts(self, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """One text or a list of texts."""
        if self.value is ABSENT:
            return default
        if isinstance(self.value, list):
            return tuple(item.text() for item in self.items())
        return (self.text(),)

    def whole(self, default: int) -> int:
        """A whole number from 1 on."""
        if self.value is ABSENT:
            return default
        if isinstance(self.value, int) and not isinstance(self.value, bool) and self.value > 0:
            return self.value
        self.fail("must be a whole number from 1 on")
        return default

    def flag(self, default: bool) -> bool:
        if self.value is ABSENT:
            return default
        if not isinstance(self.value, bool):
            self.fail(f"must be true or false, is {kind(self.value)}")
            return default
        return self.value

    def choice(self, value: str, choices: tuple[str, ...]) -> str:
        """`value` when it is one of `choices`; else the first of them, and a problem."""
        if value in choices:
            return value
        if value:  # an empty one was noted when it was read
            self.fail(f"must be {' or '.join(choices)}; is {brief(value)}")
        return choices[0]

    def allow(self, *names: str) -> None:
        """Note every key that is none of `names`, with the nearest right one."""
        for key, value in self.fields().items():
            if key not in names:
                near = get_close_matches(key, names, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(names)}"
                value.fail(f"is not a known key; {hint}")

    def target(self) -> Excerpt:
        """What a local `$ref` points to, through any number of them; itself where there is none."""
        here, seen = self, {self.parts}
        while isinstance(here.value, Mapping) and "$ref" in here.value:
            parts = ref_parts(here.value["$ref"])
            there = None if parts is None else resolve(self.report, parts)
            if there is None or there.parts in seen:
                # `survey` has noted a reference that leads nowhere; a circle is noted here.
                if there is not None:
                    here.at("$ref").fail("refers to itself")
                return Excerpt(ABSENT, here.parts, self.report)
            seen.add(there.parts)
            here = there
        return here


def resolve(report: Report, parts: tuple[str, ...]) -> Excerpt | None:
    """The value at a pointer of the document, or None where there is none."""
    value = report.document
    for part in parts:
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part[:9]) < len(value):
            value = value[int(part[:9])]
        else:
            return None
    return Excerpt(value, parts, report)


def ref_parts(ref: Any) -> tuple[str, ...] | None:
    """The parts of a local reference, `#/components/schemas/X`; None for any other."""
    return pointer_parts(ref[1:]) if isinstance(ref, str) and ref.startswith("#/") else None


def meant(key: str) -> str:
    """The vendor key of ours that a key is a misspelling of; any other key is meant as it is."""
    if not key.startswith("x-") or key in _VENDOR_KEYS:
        return key
    return next(iter(get_close_matches(key, _VENDOR_KEYS, n=1, cutoff=_ALIKE)), key)


def walk(document: Any) -> Iterator[tuple[Any, tuple[str, ...], bool]]:
    """Every value of a document with its place, and whether it is part of the OpenAPI structure.

    False for what is data (examples, defaults, enums), for vendor keys, and for maps of names.
    Goes no deeper than MAX_DEPTH, so that a document that contains itself ends.
    """
    stack: list[tuple[Any, tuple[str, ...], bool, bool]] = [(document, (), True, False)]
    while stack:
        value, parts, meaning, names = stack.pop()
        yield value, parts, meaning and not names
        if len(parts) > MAX_DEPTH:
            continue
        if isinstance(value, Mapping):
            for key in reversed(list(value)):
                name = key if isinstance(key, str) else repr(key)
                data = not names and (name in _DATA or name.startswith("x-"))
                is_map = not names and name in _NAME_MAPS and isinstance(value[key], Mapping)
                stack.append((value[key], (*parts, name), meaning and not data, is_map))
        elif isinstance(value, list):
            stack.extend(
                (item, (*parts, str(index)), meaning, False)
                for index, item in reversed(list(enumerate(value)))
            )


def kind(value: Any) -> str:
    """What a value is, in the words of a spec author."""
    if value is None:
        return "null"
    if value == "":
        return "an empty text"
    if isinstance(value, bool):
        return "true or false"
    for sort, word in ((str, "a text"), (int | float, "a number"), (list, "a list")):
        if isinstance(value, sort):
            return word
    return "a mapping" if isinstance(value, Mapping) else f"a {type(value).__name__}"


def brief(value: Any) -> str:
    """A value for a message, short."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"
