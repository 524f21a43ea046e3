"""The first message of a client: its token, and which events it wants.

Must not know: connections.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import translate
from typing import Any

from receiver import Event

FILTERS = ("events", "sources", "nodes", "users")
MOST = 100
"""Patterns of one filter, at most."""
LONGEST = 200
"""Characters of a pattern, at most."""


class Refused(Exception):
    """A client is not let in; the message is for it to read."""


@dataclass(frozen=True, slots=True)
class Globs:
    """Globs, of which `!pattern` excludes; none of them match everything."""

    wanted: tuple[re.Pattern[str], ...]
    excluded: tuple[re.Pattern[str], ...]

    def match(self, name: str | None) -> bool:
        """Whether a name is wanted; no name at all is the empty one."""
        text = name or ""
        if any(pattern.match(text) for pattern in self.excluded):
            return False
        return not self.wanted or any(pattern.match(text) for pattern in self.wanted)


@dataclass(frozen=True, slots=True)
class Filter:
    """What one client wants."""

    events: Globs
    sources: Globs
    nodes: Globs
    users: Globs

    def wants(self, event: Event[Any]) -> bool:
        """Whether all of its filters match."""
        return (
            self.events.match(event.type)
            and self.sources.match(event.source)
            and self.nodes.match(event.node)
            and self.users.match(event.user)
        )


def hello(message: str | bytes, tokens: Sequence[str]) -> Filter:
    """The filter of a client that has the token. Raises Refused for any other message."""
    try:
        said = json.loads(message)
    except (ValueError, RecursionError):
        raise Refused("the first message is JSON: token, events, sources, nodes, users") from None
    if not isinstance(said, dict) or not isinstance(said.get("token"), str):
        raise Refused("the first message holds the token")
    given = said["token"].encode("utf-8", "surrogatepass")
    # Each is compared, so that the time tells nothing of which was nearly right.
    if not sum(hmac.compare_digest(given, token.encode()) for token in tokens):
        raise Refused("the token is wrong")
    return Filter(**{name: _globs(name, said.get(name, [])) for name in FILTERS})


def _globs(name: str, given: Any) -> Globs:
    if not isinstance(given, list) or len(given) > MOST:
        raise Refused(f"{name} is a list of at most {MOST} patterns")
    for pattern in given:
        if not isinstance(pattern, str) or len(pattern) > LONGEST:
            raise Refused(f"a pattern of {name} is a text of at most {LONGEST} characters")
    return Globs(
        _compiled(pattern for pattern in given if not pattern.startswith("!")),
        _compiled(pattern[1:] for pattern in given if pattern.startswith("!")),
    )


def _compiled(patterns: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    # fnmatch's expressions do not backtrack over `*`, so no pattern of a client costs much.
    return tuple(re.compile(translate(pattern)) for pattern in patterns)
