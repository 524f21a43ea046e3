"""One operation's requests: who sent one, and what it holds, in one go and without waiting.

Must not know: HTTP servers, how an event is kept, what is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from receiver import compression, signature, strictjson, traceparent
from receiver.catalogue import Catalogue
from receiver.contract import Operation
from receiver.errors import JsonError, SignatureError
from receiver.inbox import Entry
from receiver.judgement import Arrival, Rules, judge
from receiver.keyring import Keyring, SourceKeys
from receiver.locator import Headers
from receiver.replies import Outcome, Refused, TooLarge, Unavailable

_EXPIRED_RETRY_SECONDS = 60

Say = Callable[..., None]
"""Logs a warning: a text and what is to be put into it."""


class Array(msgspec.Struct, frozen=True):
    """An array of events that is still to be read."""

    arrival: Arrival
    content: bytes


class Gate:
    """What is worked out once for an operation, and for each set of keys."""

    def __init__(
        self, operation: Operation, catalogue: Catalogue, say: Say, *, traced: bool = False
    ) -> None:
        """`traced`: keep the `traceparent` of a request with its events."""
        schemes, security = catalogue.contract.schemes, operation.security
        self.operation = operation
        self.rules = Rules.of(operation, catalogue)
        self._requirements = [tuple(schemes[name] for name in every) for every in security]
        self._say = say
        self._traced = traced
        self._keys: SourceKeys | None = None
        self._prove = signature.prover((), SourceKeys())

    def take(
        self,
        keyring: Keyring,
        headers: Headers,
        body: bytes,
        path: Mapping[str, str] | None,
        now: datetime,
    ) -> Entry | Array | tuple[Outcome, str]:
        """What a request holds, or what becomes of it without being kept, and why."""
        operation = self.operation
        try:
            secret = self._verify(keyring, headers, body, now)
        except SignatureError as refused:
            return self._refusal(refused.reason)
        trace = traceparent.of(headers) if self._traced else None
        arrival = Arrival(self.rules, headers, path, secret, now, trace=trace)
        limits = operation.limits
        try:
            # The signature is over the bytes as sent, so nothing unpacks them before it is checked.
            content = compression.expand(body, _coding(headers), limits.body)
        except ValueError as error:
            return judge(arrival, body, JsonError(str(error)))
        if content is None:
            return TooLarge(limits.body, read=True), f"more than {limits.body} bytes when unpacked"
        if operation.batch:
            return Array(arrival, content)
        return judge(arrival, content, decoded(content, limits.depth, limits.keys))

    def _verify(self, keyring: Keyring, headers: Headers, body: bytes, now: datetime) -> str:
        source = self.operation.source
        keys = keyring.for_source(source)
        if keys is None:
            raise SignatureError("not-configured")
        if keys is not self._keys:
            self._keys, self._prove = keys, signature.prover(self._requirements, keys)
        secret = self._prove(headers, body, now)
        if keys.lapsed(now):
            expired = "source %s: every secret has expired (on_expiry = %s): configure a new one"
            self._say(expired, source, keys.on_expiry)
        return secret

    def _refusal(self, reason: str) -> tuple[Outcome, str]:
        """The outcome for a request that nobody proved, and in words what was expected."""
        if reason == "expired":
            why = f"every secret of source {self.operation.source} has expired"
            return Unavailable(_EXPIRED_RETRY_SECONDS, why), why
        headers = " or ".join(
            " with ".join(scheme.header for scheme in every) for every in self._requirements
        )
        return Refused(reason), f"{_REASONS.get(reason, reason)} ({headers})"


_REASONS = {
    "missing": "no signature header was sent",
    "doubled": "a signature header was sent twice",
    "malformed": "the signature is not written as its scheme asks for",
    "mismatch": "the signature is not of this body by any live secret",
    "stale": "the signed time is too far from ours",
    "not-configured": "its source has no secrets for its scheme",
}


def decoded(content: bytes, depth: int, keys: int) -> Any | JsonError:
    """The value of one JSON text, or why it is not taken."""
    try:
        return strictjson.decode(content, depth=depth, keys=keys)
    except JsonError as error:
        return error


def _coding(headers: Headers) -> bytes:
    found = [value for name, value in headers if name == b"content-encoding"]
    return b", ".join(found) if found else b""
