"""A spec file, YAML or JSON, as plain data with the line that each part of it stands on.

YAML is read as what JSON can hold, with the scalars of YAML 1.2 (core schema): `on` and
`2026-11-20` are texts, and a key is always the text that is written. Refused: a key given twice,
a second document, tags, and aliases that repeat parts into more than a million values (a "bomb").
Must not know: OpenAPI.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from receiver import strictjson
from receiver.errors import ConfigError, JsonError, SpecError
from receiver.excerpt import MAX_DEPTH, MAX_VALUES, pointer

EMPTY = "is empty"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's, where PyYAML was built with it
_TAGS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "!", None)
_NULL = re.compile(r"|~|null|Null|NULL")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]{1,400}")
_BASED = re.compile(r"0o[0-7]{1,400}|0x[0-9a-fA-F]{1,400}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


@dataclass(frozen=True)
class SpecFile:
    """One spec as read."""

    name: str
    """The file's name, without its folder."""
    document: Any
    lines: Mapping[str, int] = field(repr=False)
    """The line, from 1 on, of each JSON pointer; empty for a JSON file."""

    def line(self, where: str) -> int | None:
        """The line of a part of the document, or of the nearest part around it that is there."""
        while where and where not in self.lines:
            where = where.rpartition("/")[0]
        return self.lines.get(where)


class BrokenSpec(SpecError):
    """A spec file that is not the YAML or JSON that is read here.

    `line` is where, from 1 on, if that is known.
    """

    def __init__(self, name: str, line: int | None, reason: str, where: str = "") -> None:
        self.line = line
        self._place = f"{name}:{line}" if line else name
        super().__init__([(where, reason)])

    def __str__(self) -> str:
        return f"{self._place}: {self.problems[0][1]}"


def read(path: Path) -> SpecFile:
    """The spec in a file. Raises ConfigError where there is none, BrokenSpec when it is broken."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; name a spec with --spec") from error
    if path.suffix == ".json":
        try:
            return SpecFile(
                path.name, strictjson.decode(data, depth=MAX_DEPTH, keys=MAX_VALUES), {}
            )
        except JsonError as error:
            raise BrokenSpec(path.name, None, str(error) if data.strip() else EMPTY) from error
    return parsed(path.name, data)


def parsed(name: str, data: bytes) -> SpecFile:
    """The spec in YAML that `name` holds. Raises BrokenSpec when it is broken."""
    builder = _Builder(name)
    try:
        return SpecFile(name, builder.build(yaml.parse(data, Loader=_LOADER)), builder.lines)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error)
        line = mark.line + 1 if mark else None
        if "nesting" in what:  # libyaml has a bound of its own, some way above ours
            raise BrokenSpec(name, line, f"nests deeper than {MAX_DEPTH}") from error
        raise BrokenSpec(name, line, f"is no valid YAML: {' '.join(what.split())}") from error


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being filled."""

    value: dict[str, Any] | list[Any]
    parts: tuple[str, ...]
    anchor: str | None
    key: str | None = None
    merged: list[Any] = field(default_factory=list)
    size: int = 1


class _Builder:
    """Builds plain data from YAML events, without recursion."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[str, int] = {}
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.result: Any = None
        self.documents = 0

    def build(self, events: Iterator[Any]) -> Any:
        for event in events:
            line = event.start_mark.line + 1
            match event:
                case yaml.DocumentStartEvent():
                    self.documents += 1
                    if self.documents > 1:
                        self._fail(line, "holds a second document; one file is one spec")
                case yaml.AliasEvent():
                    self._alias(event.anchor or "", line)
                case yaml.ScalarEvent():
                    self._scalar(event, line)
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self._open(event, line)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self._close(line)
        return self.result

    def _alias(self, anchor: str, line: int) -> None:
        if anchor not in self.anchors:
            self._fail(line, f"the alias *{anchor} stands for nothing that is complete before it")
        self._add(*self.anchors[anchor], line)

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        parent = self.stack[-1] if self.stack else None
        if parent and isinstance(parent.value, dict) and parent.key is None:
            if event.value in parent.value:
                self._fail(line, f"the key {event.value!r} is given twice")
            parent.key = event.value
            self.lines[pointer(self._place())] = line
            return
        self._check_tag(event.tag, line)
        plain = event.implicit[0] and not event.style
        value = _resolve(event.value) if plain else event.value
        if event.anchor:
            self.anchors[event.anchor] = (value, 1)
        self._add(value, 1, line)

    def _open(self, event: yaml.CollectionStartEvent, line: int) -> None:
        self._check_tag(event.tag, line)
        parent = self.stack[-1] if self.stack else None
        if parent and isinstance(parent.value, dict) and parent.key is None:
            self._fail(line, "a key must be a text")
        if len(self.stack) >= MAX_DEPTH:
            self._fail(line, f"nests deeper than {MAX_DEPTH}")
        parts = self._place()
        self.lines.setdefault(pointer(parts), line)
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self.stack.append(_Open(value, parts, event.anchor))

    def _close(self, line: int) -> None:
        done = self.stack.pop()
        if isinstance(done.value, dict):
            for merged in done.merged:
                done.value.update({key: merged[key] for key in merged if key not in done.value})
        if done.anchor:
            self.anchors[done.anchor] = (done.value, done.size)
        self._add(done.value, done.size, None)

    def _place(self) -> tuple[str, ...]:
        """Where the next value will stand."""
        if not self.stack:
            return ()
        parent = self.stack[-1]
        step = str(len(parent.value)) if isinstance(parent.value, list) else parent.key or ""
        return (*parent.parts, step)

    def _add(self, value: Any, size: int, line: int | None) -> None:
        """Put a finished value where it stands. `line` is None where it is known already."""
        if line is not None:
            self.lines.setdefault(pointer(self._place()), line)
        if not self.stack:
            self.result = value
            return
        parent = self.stack[-1]
        parent.size += size
        if parent.size > MAX_VALUES:
            self._fail(line or 1, f"holds more than {MAX_VALUES} values, by its aliases")
        if isinstance(parent.value, list):
            parent.value.append(value)
        elif parent.key is None:
            self._fail(line or 1, "a key must be a text")
        else:
            if parent.key == "<<":
                self._merge(parent, value, line)
            else:
                parent.value[parent.key] = value
            parent.key = None

    def _merge(self, parent: _Open, value: Any, line: int | None) -> None:
        """Keys of other mappings, taken where this one has them not (YAML's merge key)."""
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, dict):
                self._fail(line or 1, "<< takes a mapping, or a list of them")
            parent.merged.append(one)

    def _check_tag(self, tag: str | None, line: int) -> None:
        if tag not in _TAGS:
            self._fail(line, f"the tag {tag} has no meaning here")

    def _fail(self, line: int, reason: str) -> None:
        place = self.stack[-1].parts if self.stack else ()
        raise BrokenSpec(self.name, line, reason, pointer(place))


def _resolve(text: str) -> Any:
    """A plain scalar as YAML 1.2's core schema reads it; `.inf` and `.nan` stay texts."""
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return text[0] in "tT"
    if _INT.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    return float(text) if _FLOAT.fullmatch(text) else text
