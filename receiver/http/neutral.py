"""Connexion made neutral for event operations: it routes, and judges nothing.

Verification and validation happen once, in `intake`. With these, connexion neither reads a body nor
refuses a request for its headers. Must not know: what the judgement is.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from starlette.types import Receive, Scope

from receiver.contract import Document, Operation
from receiver.http.framework import MediaTypeDict
from receiver.http.table import routed


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

    A path template is a fixed path here (`table.routed`), and there are no parameters: they are
    read from the captured request.
    """
    paths = {}
    for operation in operations:
        post = copy.deepcopy(full["paths"][operation.path]["post"])
        paths[routed(operation)] = {"post": {**post, "operationId": operation.id, "parameters": []}}
    return {**copy.deepcopy(dict(full)), "servers": [], "paths": paths}
