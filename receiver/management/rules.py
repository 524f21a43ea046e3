"""Which operation a request is for, and who may ask for it: read from the OpenAPI document.

Every operation says `x-access`: `anyone`, or for each role that may use it `all` or `own` (only
what is theirs; the handler looks after that). An operation without it is an error at start.
Must not know: how a caller proves who they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from receiver.decisions import ROLES
from receiver.errors import ConfigError
from receiver.management.dialects import Dialect

METHODS = ("get", "put", "post", "delete", "patch")


@dataclass(frozen=True, slots=True)
class Rule:
    """One operation."""

    id: str
    method: str
    path: str
    dialect: Dialect
    access: Mapping[str, str] | None
    """`all` or `own` by role; None: anyone."""


class Rules:
    """The operations of a document, to be found by method and path."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Raises ConfigError for an operation that does not say who may use it."""
        self.all = tuple(_rules(document))
        self._compiled = [(_pattern(rule.path), rule) for rule in self.all]

    def find(self, method: str, path: str) -> Rule | None:
        """The operation of a request."""
        return next(
            (
                rule
                for pattern, rule in self._compiled
                if rule.method == method and pattern.fullmatch(path)
            ),
            None,
        )

    def dialect(self, path: str) -> Dialect:
        """The dialect of a path, whatever its method; that of a path that is not here is native."""
        found = (rule.dialect for pattern, rule in self._compiled if pattern.fullmatch(path))
        return next(found, "native")

    def allows(self, path: str) -> str:
        """The methods of a path, as `Allow` has them."""
        found = {rule.method for pattern, rule in self._compiled if pattern.fullmatch(path)}
        return ", ".join(sorted(found))


def _rules(document: Mapping[str, Any]) -> Iterator[Rule]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield _rule(path, method, item[method])


def _rule(path: str, method: str, operation: Mapping[str, Any]) -> Rule:
    name = operation["operationId"]
    access, dialect = operation.get("x-access"), operation.get("x-dialect", "native")
    if access != "anyone" and not _says_who(access):
        raise ConfigError(f"operation {name} of the management API does not say who may use it")
    if dialect not in get_args(Dialect):
        raise ConfigError(f"operation {name} of the management API has no dialect {dialect!r}")
    return Rule(name, method.upper(), path, dialect, None if access == "anyone" else access)


def _says_who(access: object) -> bool:
    return (
        isinstance(access, Mapping)
        and set(access) <= set(ROLES)
        and set(access.values()) <= {"all", "own"}
    )


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", path)
    return re.compile("".join("[^/]+" if p.startswith("{") else re.escape(p) for p in parts))
