"""Ant-style patterns over paths such as `/power/1`: what a hook's source patterns mean.

`?` is one character that is not `/`, `*` any run without `/`, `**` any run with it; `/**/` may be
a single `/`. A pattern matches a whole path; upper and lower case differ. The source of this is the
function `ant_pattern_to_regexp` of the platform that has such hooks.
Must not know: what the paths are paths of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_TOKEN = re.compile(r"/\*\*/|\*\*|\*|\?|[^*?/]+|/")
_MEANS = {"/**/": "/(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}

LONGEST = 256
"""Characters of a pattern, at most: what it matches is 64 at most."""


def fault(pattern: str) -> str | None:
    """Why a pattern cannot be used; None where it can."""
    if not pattern:
        return "an empty pattern matches nothing"
    if len(pattern) > LONGEST:
        return f"a pattern has {LONGEST} characters at most"
    if "***" in pattern:
        return f"{pattern}: three stars or more in a row have no meaning"
    if pattern.count("**") > 4:
        return f"{pattern}: more than four `**` take too long to match"
    return None


def matches(patterns: Iterable[str], path: str | None) -> bool:
    """Whether one of the patterns matches; no patterns at all match everything."""
    found = tuple(patterns)
    return not found or (path is not None and any(_compiled(one).fullmatch(path) for one in found))


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = [_MEANS.get(token) or re.escape(token) for token in _TOKEN.findall(pattern)]
    return re.compile("".join(parts), re.DOTALL)
