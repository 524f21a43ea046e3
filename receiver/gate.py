"""One operation's requests: who sent one, and what it holds, in one go and without waiting.

Must not know: HTTP servers, how an event is kept, what is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec

from receiver import compression, signature, traceparent
from receiver.catalogue import Catalogue
from receiver.contract import Operation
from receiver.errors import JsonError, SignatureError
from receiver.inbox import Entry
from receiver.judgement import Arrival, Rules, judge, report
from receiver.keyring import Keyring, SourceKeys
from receiver.locator import Headers
from receiver.lot import read_all
from receiver.replies import Outcome, Refused, TooLarge, Unavailable

RETRY_SECONDS = 5
"""When a sender should come again after a fault of the store or of ours."""

_EXPIRED_RETRY_SECONDS = 60

_CODING = b"content-encoding"

Say = Callable[..., None]
"""Logs a warning: a text and what is to be put into it."""

Request = tuple[Operation, Headers, bytes, Mapping[str, str] | None]
"""An operation, a request's headers and body as sent, and the values of its path's parameters."""


class Content(msgspec.Struct, frozen=True):
    """What an authentic request holds, still to be read: an event, or an array of events."""

    arrival: Arrival
    content: bytes


Found = Entry | Content | tuple[Outcome, str]
"""What a request holds, or what becomes of it without being kept, and why."""


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
        self._telling = {_CODING, traceparent.HEADER} if traced else {_CODING}
        self._keys: SourceKeys | None = None
        self._prove = signature.prover((), SourceKeys())

    def take(self, keyring: Keyring, requests: Sequence[Request], now: datetime) -> list[Found]:
        """What becomes of some requests to the operation, each for itself; raises nothing."""
        prove = self._prover(keyring)
        if prove is None:
            return [self._refusal("not-configured")] * len(requests)
        opened = [
            self._opened(prove, headers, body, path, now) for _, headers, body, path in requests
        ]
        authentic = [one for one in opened if type(one) is Content]
        if not authentic:
            return opened
        self._warn_of_expiry(now)
        if self.operation.batch:
            return opened
        arrivals = [one.arrival for one in authentic]
        entries = iter(read_all(arrivals, [one.content for one in authentic]))
        return [next(entries) if type(one) is Content else one for one in opened]

    def _prover(self, keyring: Keyring) -> signature.Prove | None:
        """What proves a request now; None where its source is not configured."""
        keys = keyring.for_source(self.operation.source)
        if keys is None:
            return None
        if keys is not self._keys:
            self._keys, self._prove = keys, signature.prover(self._requirements, keys)
        return self._prove

    def _opened(
        self,
        prove: signature.Prove,
        headers: Headers,
        body: bytes,
        path: Mapping[str, str] | None,
        now: datetime,
    ) -> Found:
        """What an authentic request holds, still to be read; or what becomes of any other."""
        try:
            arrival = Arrival(self.rules, headers, path, prove(headers, body, now), now)
            telling = self._telling
            for name, _ in headers:
                if name in telling:
                    return self._told(arrival, body)
            if len(body) > self.operation.limits.body:
                return self._told(arrival, body)
            return Content(arrival, body)
        except SignatureError as refused:
            return self._refusal(refused.reason)
        except Exception as error:
            return broken(self.operation, error)

    def _told(self, arrival: Arrival, body: bytes) -> Found:
        """As `_opened`, of a request whose headers say more of it, or whose body is too long.

        The signature is over the bytes as sent, so nothing unpacks them before it is checked.
        """
        if self._traced:
            trace = traceparent.of(arrival.headers)
            arrival = msgspec.structs.replace(arrival, trace=trace)
        limit = self.operation.limits.body
        codings = [value for name, value in arrival.headers if name == _CODING]
        try:
            content = compression.expand(body, b", ".join(codings), limit)
        except ValueError as error:
            return judge(arrival, body, JsonError(str(error)))
        if content is None:
            return TooLarge(limit, read=True), f"more than {limit} bytes when unpacked"
        return Content(arrival, content)

    def _warn_of_expiry(self, now: datetime) -> None:
        keys = self._keys
        if keys is not None and keys.lapsed(now):
            expired = "source %s: every secret has expired (on_expiry = %s): configure a new one"
            self._say(expired, self.operation.source, keys.on_expiry)

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


def broken(operation: Operation, error: Exception) -> tuple[Outcome, str]:
    """The outcome where something of ours broke."""
    return Unavailable(RETRY_SECONDS, "internal error"), report(operation, error)
