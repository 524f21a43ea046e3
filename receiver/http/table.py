"""Which operation a path belongs to, compiled from the contract once at start.

Paths are compared as ASGI gives them, percent-decoded: `/%61cme` is `/acme`, and an encoded slash
is a slash. Trailing slashes do not count. Must not know: methods, headers, what an operation does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from receiver.contract import Operation
from receiver.errors import ConfigError

Found = tuple[Operation, Mapping[str, str] | None]
"""An operation and the values of its path's parameters (None where it has none)."""

_PARAMETER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class _Template:
    """A path with parameters; a value is one segment and never empty."""

    names: tuple[str, ...]
    pattern: re.Pattern[str]
    operation: Operation


class Table:
    """The event paths of one contract. A fixed path goes before a template that also fits."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        """Raise ConfigError when two operations share a path."""
        self._fixed: dict[str, Found] = {}
        self._templates: list[_Template] = []
        taken: dict[str, str] = {}
        for operation in operations:
            bare = _bare(unquote(operation.path))
            shape = _PARAMETER.sub("{}", bare)
            if shape in taken:
                raise ConfigError(
                    f"the operations {taken[shape]} and {operation.id} share the path {bare}"
                )
            taken[shape] = operation.id
            if shape == bare:
                self._fixed[bare] = self._fixed[bare.rstrip("/") + "/"] = (operation, None)
            else:
                self._templates.append(_template(bare, operation))

    def find(self, path: str) -> Found | None:
        """The operation of a decoded path, whatever its trailing slashes."""
        found = self._fixed.get(path)
        return found if found is not None else self._search(_bare(path))

    def _search(self, path: str) -> Found | None:
        found = self._fixed.get(path)
        if found is not None:
            return found
        for template in self._templates:
            match = template.pattern.fullmatch(path)
            if match is not None:
                return template.operation, dict(zip(template.names, match.groups(), strict=True))
        return None


def routed(operation: Operation) -> str:
    """The path by which connexion's router knows an operation that is found here.

    A template is a fixed path there, such as `/orders/(id)`: connexion would convert the values of
    parameters, and hand them to functions that take none.
    """
    return operation.path.replace("{", "(").replace("}", ")")


def _bare(path: str) -> str:
    return path.rstrip("/") or "/"


def _template(path: str, operation: Operation) -> _Template:
    pieces = _PARAMETER.split(path)
    pattern = "([^/]+)".join(re.escape(piece) for piece in pieces[::2])
    return _Template(tuple(pieces[1::2]), re.compile(pattern), operation)
