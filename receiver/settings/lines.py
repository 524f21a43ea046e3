"""On which line of a TOML text each key stands; the standard parser tells no positions.

Format: TOML 1.0, https://toml.io/en/v1.0.0. Must not know: what the keys mean, or files.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right

KeyPath = tuple[str | int, ...]
"""A key from the top of the document: names of tables and keys, indices of array elements."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_SCALAR = re.compile(r"[^,\]}\n#]*")
_STRINGS = (
    re.compile(r'"""(?:\\.|[^\\])*?"{3,5}(?!")', re.DOTALL),
    re.compile(r"'''.*?'{3,5}(?!')", re.DOTALL),
    re.compile(r'"(?:\\.|[^"\\\n])*"'),
    re.compile(r"'[^'\n]*'"),
)


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line (from 1) on which each table, key and array element first appears.

    `text` must be valid TOML; of any other text it tells the lines up to the fault.
    """
    scanner = _Scanner(text)
    try:
        scanner.document()
    except (_Fault, tomllib.TOMLDecodeError, RecursionError):
        return scanner.lines
    return scanner.lines


class _Fault(Exception):
    """The text is no TOML."""


class _Scanner:
    """Walks a text once, left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._counts: dict[KeyPath, int] = {}

    def document(self) -> None:
        table: KeyPath = ()
        while self._skip(_BLANK) < len(self.text):
            if self._take("[["):
                table = self._element(self._header("]]"))
            elif self._take("["):
                table = self._resolve(self._header("]"))
            else:
                self._pair(table)

    def _pair(self, table: KeyPath) -> None:
        start = self.at
        path = table + self._key()
        for length in range(len(table) + 1, len(path) + 1):
            self._note(path[:length], start)
        if not self._take("="):
            raise _Fault
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        if self._take("["):
            self._array(path)
        elif self._take("{"):
            self._inline_table(path)
        elif not self._string():
            self._skip(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        index = 0
        self._skip(_BLANK)
        while not self._take("]"):
            element = (*path, index)
            self._note(element, self.at)
            before = self.at
            self._value(element)
            self._skip(_BLANK)
            self._take(",")
            self._skip(_BLANK)
            if self.at == before:
                raise _Fault
            index += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._skip(_BLANK)
        while not self._take("}"):
            self._pair(path)
            self._skip(_BLANK)
            self._take(",")
            self._skip(_BLANK)

    def _header(self, end: str) -> KeyPath:
        start = self.at
        self._skip(_SPACE)
        path = self._key()
        if not self._take(end):
            raise _Fault
        for length in range(1, len(path)):
            self._note(self._resolve(path[:length]), start)
        if end == "]":
            self._note(self._resolve(path), start)
        return path

    def _element(self, path: KeyPath) -> KeyPath:
        """The path of a new element of the array of tables at `path`."""
        array = (*self._resolve(path[:-1]), path[-1])
        index = self._counts.get(array, 0)
        self._counts[array] = index + 1
        element = (*array, index)
        self._note(array, self.at)
        self._note(element, self.at)
        return element

    def _resolve(self, path: KeyPath) -> KeyPath:
        """`path` with the newest element's index after each array of tables in it."""
        resolved: KeyPath = ()
        for part in path:
            resolved = (*resolved, part)
            if resolved in self._counts:
                resolved = (*resolved, self._counts[resolved] - 1)
        return resolved

    def _key(self) -> KeyPath:
        parts: list[str] = []
        while True:
            self._skip(_SPACE)
            start = self.at
            if self._string():
                quoted = self.text[start : self.at]
                parts.append(next(iter(tomllib.loads(f"{quoted} = 0"))))
            elif match := _BARE_KEY.match(self.text, self.at):
                self.at = match.end()
                parts.append(match.group())
            else:
                raise _Fault
            self._skip(_SPACE)
            if not self._take("."):
                return tuple(parts)

    def _string(self) -> bool:
        for form in _STRINGS:
            if match := form.match(self.text, self.at):
                self.at = match.end()
                return True
        return False

    def _skip(self, form: re.Pattern[str]) -> int:
        match = form.match(self.text, self.at)
        if match:
            self.at = match.end()
        return self.at

    def _take(self, token: str) -> bool:
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def _note(self, path: KeyPath, at: int) -> None:
        self.lines.setdefault(path, bisect_right(self._starts, at))
