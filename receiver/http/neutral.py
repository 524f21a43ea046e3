"""Connexion made neutral for event operations: it routes, and judges nothing.

Verification and validation happen once, in `intake`. With these, connexion neither reads a body nor
refuses a request for its headers. Must not know: what the judgement is.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from starlette.types import Receive, Scope

from receiver.contract import Document, Operation
from receiver.http.framework import MediaTypeDict
from receiver.http.table import in_order

_PARAMETER = re.compile(r"\{[^{}]*\}")


class _AnyParameters:
    """A parameter validator that passes every request."""

    def __init__(self, parameters: Any, **options: Any) -> None:
        pass

    def validate(self, scope: Scope) -> None:
        """Pass."""


class _AnyBody:
    """A body validator that passes every body, unread."""

    def __init__(self, **options: Any) -> None:
        pass

    async def wrap_receive(self, receive: Receive, *, scope: Scope) -> tuple[Receive, Scope]:
        return receive, scope


class _AnySignature:
    """A security handler that passes every request: connexion's cannot read the body."""

    def get_fn(self, scheme: Any, scopes: Any) -> Callable[[Any], Mapping[str, Any]]:
        return _nobody


def _nobody(request: Any) -> Mapping[str, Any]:
    """What connexion is told about who sent a request."""
    return {}


VALIDATORS = {
    "parameter": _AnyParameters,
    "body": MediaTypeDict({"*/*": _AnyBody}),
    "response": MediaTypeDict({}),
}

SECURITY = dict.fromkeys(
    ("apiKey", "basic", "bearer", "oauth2", "openIdConnect"),
    _AnySignature,
)


def document(full: Document, operations: Iterable[Operation]) -> dict[str, Any]:
    """The part of an OpenAPI document that the public listener serves: these operations.

    Fixed paths come first, as the OpenAPI specification wants and connexion's router does not
    know. Path parameters become plain text with names that the router takes: their values are
    read from the captured request.
    """
    paths = {}
    for operation in in_order(operations):
        post = copy.deepcopy(full["paths"][operation.path]["post"])
        path, names = _renamed(operation.path)
        post["operationId"] = operation.id
        post["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
        ]
        paths[path] = {"post": post}
    return {**copy.deepcopy(dict(full)), "servers": [], "paths": paths}


def _renamed(path: str) -> tuple[str, list[str]]:
    """A path whose parameters are called p0, p1, …, and those names."""
    first, *others = _PARAMETER.split(path)
    names = [f"p{number}" for number in range(len(others))]
    pairs = zip(names, others, strict=True)
    return first + "".join(f"{{{name}}}{piece}" for name, piece in pairs), names
