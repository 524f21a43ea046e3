"""One request on its way in: proved, read, checked, kept; what became of it is a value.

The content of an authentic request never makes it fail: what cannot be read, is of an unknown type
or breaks its schema is kept in quarantine with every problem found. Only our own faults do, and
then the sender is asked to come again. Must not know: HTTP servers, plugins, routes, sinks.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Protocol

from receiver import compression, signature, strictjson
from receiver.catalogue import Catalogue
from receiver.contract import Operation
from receiver.deadline import Deadlines
from receiver.errors import JsonError, SignatureError, StoreError
from receiver.inbox import Entry, Inbox
from receiver.judgement import Arrival, Rules, judge, report
from receiver.keyring import Keyring, SourceKeys
from receiver.locator import Headers
from receiver.replies import Outcome, Refused, Taken, TooLarge, Unavailable
from receiver.sources.envelope import Opened, Opener

APPEND_SECONDS = 4.0
"""A commit that takes longer is answered 503: some senders give up after 5 seconds."""

RETRY_SECONDS = 5
"""When a sender should come again after a fault of the store or of ours."""

_EXPIRED_RETRY_SECONDS = 60
_SAY_AGAIN = timedelta(minutes=1)
_MOST_SAID = 100
_BREATH = 200
"""Events of a batch that are checked before other requests get their turn."""

_log = logging.getLogger("receiver.intake")


class Observer(Protocol):
    """Is told of every request, once, after its outcome is certain.

    `detail` says in words what `outcome` does not: why a request was refused. It never holds
    secrets or payload.
    """

    def __call__(self, operation: Operation, outcome: Outcome, detail: str) -> None: ...


def _unobserved(operation: Operation, outcome: Outcome, detail: str) -> None:
    """The observer that does not look."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class _Plan:
    """What is worked out once for an operation."""

    rules: Rules
    requirements: signature.Requirements
    keys: SourceKeys | None = None
    usable: signature.Requirements = ()
    """Those of the requirements for which there are `keys`."""

    def use(self, keys: SourceKeys) -> None:
        """Work out which requirements these keys can meet."""
        self.keys, self.usable = keys, signature.configured(self.requirements, keys)


@dataclass(frozen=True, slots=True)
class _Array:
    """An array of events that is still to be read."""

    arrival: Arrival
    content: bytes


class Intake:
    """Takes in requests for the operations of one catalogue.

    `keyring` may be replaced at any time; the next request is proved with the new one.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        keyring: Keyring,
        inbox: Inbox,
        *,
        clock: Callable[[], datetime] = _now,
        observer: Observer = _unobserved,
        openers: Mapping[str, Opener] = MappingProxyType({}),
    ) -> None:
        """`openers` are by transport, for those that wrap events in an envelope of their own."""
        self.keyring = keyring
        self._inbox = inbox
        self._clock = clock
        self._observer = observer
        self._openers = openers
        self._plans = {
            operation.id: _plan(operation, catalogue) for operation in catalogue.contract.operations
        }
        self._commits = Deadlines(APPEND_SECONDS)
        self._said: dict[str, datetime] = {}

    async def ingest(
        self,
        operation: Operation,
        headers: Headers,
        body: bytes,
        path: Mapping[str, str] | None = None,
    ) -> Outcome:
        """What became of one whole request; raises nothing.

        `headers` and `body` are as sent, `path` the values of the path template's parameters.
        """
        try:
            found: list[Entry] | _Array | tuple[Outcome, str]
            if operation.transport in self._openers:
                found = await self._open(operation, headers, body, path)
            else:
                found = self._take(operation, headers, body, path)
            if isinstance(found, _Array):
                found = await self._entries(found.arrival, found.content)
            if isinstance(found, list):
                found = await self._append(found, operation.batch)
            outcome, detail = found
        except Exception as error:
            detail = report(operation, error)
            outcome = Unavailable(RETRY_SECONDS, "internal error")
        try:
            self._observer(operation, outcome, detail)
        except Exception as error:
            report(operation, error)
        return outcome

    def _take(
        self, operation: Operation, headers: Headers, body: bytes, path: Mapping[str, str] | None
    ) -> list[Entry] | _Array | tuple[Outcome, str]:
        """What a request holds, or why nothing of it is kept."""
        now = self._clock()
        plan = self._plans[operation.id]
        try:
            secret = self._verify(plan, headers, body, now)
        except SignatureError as refused:
            return _refusal(plan, refused.reason)
        arrival = Arrival(plan.rules, headers, path, secret, now)
        try:
            # The signature is over the bytes as sent, so nothing unpacks them before it is checked.
            content = compression.expand(body, _coding(headers), operation.limits.body)
        except ValueError as error:
            return [judge(arrival, body, JsonError(str(error)))]
        limits = operation.limits
        if content is None:
            return TooLarge(limits.body, read=True), f"more than {limits.body} bytes when unpacked"
        if operation.batch:
            return _Array(arrival, content)
        return [judge(arrival, content, _decoded(content, limits.depth, limits.keys))]

    async def _open(
        self, operation: Operation, headers: Headers, body: bytes, path: Mapping[str, str] | None
    ) -> list[Entry] | tuple[Outcome, str]:
        """As `_take`, of a request that holds one event in an envelope."""
        now = self._clock()
        rules, limits = self._plans[operation.id].rules, operation.limits
        opener = self._openers[operation.transport]
        keys = self.keyring.for_source(operation.source)
        opened = await opener.open(operation.source, keys, headers, body, now)
        if not isinstance(opened, Opened):
            return opened
        # No header is proved, so none says anything of the event.
        arrival = Arrival(rules, (), path, opened.proof, now, opened.envelope)
        return [judge(arrival, opened.raw, _decoded(opened.raw, limits.depth, limits.keys))]

    def _verify(self, plan: _Plan, headers: Headers, body: bytes, now: datetime) -> str:
        source = plan.rules.operation.source
        keys = self.keyring.for_source(source)
        if keys is None:
            raise SignatureError("not-configured")
        if keys is not plan.keys:
            plan.use(keys)
        secret = signature.verify_with(plan.usable, keys, headers, body, now)
        if keys.lapsed(now):
            expired = "source %s: every secret has expired (on_expiry = %s): configure a new one"
            self._say(expired, source, keys.on_expiry)
        return secret

    def _say(self, message: str, *details: str) -> None:
        """Log a warning, but not the same one again within a minute, however often it is true."""
        text, now = message % details, self._clock()
        before = self._said.get(text)
        if before is None or now - before >= _SAY_AGAIN:
            if len(self._said) >= _MOST_SAID:
                self._said.clear()
            self._said[text] = now
            _log.warning("%s", text)

    async def _entries(self, arrival: Arrival, content: bytes) -> list[Entry]:
        """The events of an array, each judged on its own.

        An array that cannot be split, or has more elements than the operation's limit, is kept
        whole, as one entry in quarantine: refusing it would make its sender send it for ever, and
        taking a part of it would lose the rest.
        """
        limits = arrival.rules.operation.limits
        try:
            elements = strictjson.elements(
                content, depth=limits.depth, keys=limits.keys, limit=limits.events
            )
        except JsonError as error:
            return [judge(arrival, content, error)]
        entries: list[Entry] = []
        for raw, value in elements:
            entries.append(judge(arrival, raw, value))
            if len(entries) % _BREATH == 0:
                await asyncio.sleep(0)
        return entries

    async def _append(self, entries: list[Entry], batch: bool) -> tuple[Outcome, str]:
        if not entries:
            return Taken((), batch), ""
        wait = self._commits.begin()
        try:
            return Taken(await self._inbox.append(entries), batch), ""
        except asyncio.CancelledError:
            if not self._commits.caught(wait):
                raise
            why = f"not committed within {APPEND_SECONDS:g} seconds"
        except StoreError as error:
            why = str(error)
        finally:
            self._commits.end(wait)
        self._say("events cannot be kept: %s", why)
        return Unavailable(RETRY_SECONDS, why), why


def _plan(operation: Operation, catalogue: Catalogue) -> _Plan:
    schemes = catalogue.contract.schemes
    requirements = [tuple(schemes[name] for name in every) for every in operation.security]
    return _Plan(Rules.of(operation, catalogue), requirements)


def _refusal(plan: _Plan, reason: str) -> tuple[Outcome, str]:
    """The outcome for a request that nobody proved, and in words what was expected."""
    if reason == "expired":
        why = f"every secret of source {plan.rules.operation.source} has expired"
        return Unavailable(_EXPIRED_RETRY_SECONDS, why), why
    headers = " or ".join(
        " with ".join(scheme.header for scheme in every) for every in plan.requirements
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


def _coding(headers: Headers) -> bytes:
    found = [value for name, value in headers if name == b"content-encoding"]
    return b", ".join(found) if found else b""


def _decoded(content: bytes, depth: int, keys: int) -> Any | JsonError:
    try:
        return strictjson.decode(content, depth=depth, keys=keys)
    except JsonError as error:
        return error
