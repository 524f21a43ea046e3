"""Which names a list of glob patterns matches; `!pattern` excludes.

Must not know: what the names are names of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import translate

EXCLUDES = "!"


class Patterns:
    """A compiled list of patterns.

    A name matches when a pattern matches it and no `!pattern` does, in whatever order they stand;
    a list of nothing but exclusions (or of nothing at all) matches everything else. So `["!*"]`
    matches nothing. `*` is any text, also over `/` and `.`; `?` one character, `[abc]` and `[!abc]`
    one of, or none of, a few. Upper and lower case differ.
    """

    __slots__ = ("_excluded", "_wanted", "everything", "patterns")

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self.patterns = tuple(patterns)
        wanted = [pattern for pattern in self.patterns if not pattern.startswith(EXCLUDES)]
        excluded = [pattern[1:] for pattern in self.patterns if pattern.startswith(EXCLUDES)]
        self._wanted = _union(wanted or ["*"])
        self._excluded = _union(excluded) if excluded else None
        self.everything = not excluded and (not wanted or "*" in wanted)
        """Whether there is no name that it does not match."""

    def match(self, name: str | None) -> bool:
        """Whether `name` is matched; no name at all is the empty name, which `*` matches."""
        if self.everything:
            return True
        name = name or ""
        if self._excluded is not None and self._excluded.match(name):
            return False
        return self._wanted.match(name) is not None

    def __repr__(self) -> str:
        return f"Patterns({list(self.patterns)!r})"


def literal(name: str) -> str:
    """The pattern that matches `name`.

    And nothing else; but a leading `!` cannot be written in a pattern, so any character fits there.
    """
    escaped = re.sub(r"([*?[])", r"[\1]", name)
    return f"?{escaped[1:]}" if escaped.startswith(EXCLUDES) else escaped


def _union(patterns: list[str]) -> re.Pattern[str]:
    # fnmatch's expressions do not backtrack over `*`, so no pattern of a stranger costs much.
    return re.compile("|".join(f"(?:{translate(pattern)})" for pattern in patterns))
