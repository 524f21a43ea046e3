"""What `receiver dev` says while it runs: the secrets it made, one line for what went wrong.

Must not know: how requests are judged.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

from receiver.cli import output
from receiver.sampling import Sampler

if TYPE_CHECKING:
    from receiver.contract import Contract, Operation
    from receiver.keptsecrets import Kept
    from receiver.replies import HeadersTooLarge, Outcome, TooLarge, TooSlow, Unavailable

BURST = 10
"""Lines about one kind of trouble at one operation that are said at once, and then one a second:
a person sees each of their own, and a flood scrolls nothing away."""

SECRET_COLUMNS = ("source", "header", "kind", "secret")
LONGEST_PATH = 200
"""Characters of a stranger's path that are shown, and compared."""


class Narrator:
    """Prints a line for every request that was not simply accepted, and what to do about it."""

    def __init__(
        self, contract: Contract, where: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        from receiver.http.table import Table

        self._contract = contract
        self._sampler: Sampler[tuple[str, str]] = Sampler(BURST, 1.0)
        self._clock = clock
        self._where = where
        """The options that make another command work on the same store."""
        self._operations = {
            operation.path: operation for operation in contract.operations if operation.over_http
        }
        self._table = Table(self._operations.values())

    def observe(self, operation: Operation, outcome: Outcome, detail: str = "") -> None:
        """Told of each request by the intake and by what stands before it."""
        from receiver.receipt import Status
        from receiver.replies import Refused, Taken, reply

        if isinstance(outcome, Taken):
            look = f"; see: receiver quarantine list{self._where}"
            for receipt in outcome.receipts:
                if receipt.status is Status.QUARANTINED:
                    problems = "; ".join(receipt.problems)
                    said = f"200 {operation.id}: quarantined: {problems}"
                    self._say((operation.id, "quarantined"), said, lambda: look)
        elif isinstance(outcome, Refused):
            why = detail or outcome.reason
            said = f"401 {operation.id}: {why}"
            advice = self._advice(operation)
            self._say((operation.id, outcome.reason), said, lambda: advice)
        else:
            why, advice = _why(outcome, detail)
            said = f"{reply(outcome).status} {operation.id}: {why}"
            self._say((operation.id, type(outcome).__name__), said, lambda: f"; {advice}")

    def stranger(self, status: int, method: str, path: str) -> None:
        """Told of each request that is about no event."""
        said = f"{status} {method} {path[:LONGEST_PATH]}"
        found = self._table.find(path)
        if found is not None and status == 405:
            advice = self._advice(found[0])
            said = f"{said}: an event path takes POST only"
            self._say(("", "405"), said, lambda: advice)
        elif found is None and method == "POST":
            said = f"{said}: no event path"
            self._say(("", "404"), said, lambda: self._nearest(path[:LONGEST_PATH]))

    def example(self, operation: Operation) -> str:
        """The command that sends what an operation takes."""
        return example(self._contract, operation) + self._where

    def _say(self, subject: tuple[str, str], said: str, advice: Callable[[], str]) -> None:
        unsaid = self._sampler.admit(subject, self._clock())
        if unsaid is not None:
            more = f" ({unsaid} more before)" if unsaid else ""
            output.line(output.printable(f"{said}{advice()}{more}"))

    def _advice(self, operation: Operation) -> str:
        """What would be accepted, where that can be sent from here: nobody else signs for SNS."""
        sendable = operation.transport == "http"
        return f"; accepted would be: {self.example(operation)}" if sendable else ""

    def _nearest(self, path: str) -> str:
        near = get_close_matches(path, self._operations, n=1, cutoff=0.0)
        if not near:
            return ""
        return f"; the nearest is {near[0]}{self._advice(self._operations[near[0]])}"


def _why(
    outcome: TooLarge | TooSlow | HeadersTooLarge | Unavailable, detail: str
) -> tuple[str, str]:
    """Why a request could not be taken, and what its sender or we can do about it."""
    from receiver import replies
    from receiver.http.body import BODY_SECONDS
    from receiver.http.framing import MAX_HEADER_BYTES, MAX_HEADERS

    match outcome:
        case replies.TooLarge(limit):
            return (
                detail or f"the body has more than {limit} bytes, the operation's limit",
                "send fewer events at once, or raise x-receiver.limits.body of it in the spec",
            )
        case replies.TooSlow():
            return (
                f"the body was not complete {BODY_SECONDS:g} s after its headers",
                "its sender was cut off, or sent less than its Content-Length says",
            )
        case replies.HeadersTooLarge():
            return (
                f"more than {MAX_HEADERS} header fields, or more than {MAX_HEADER_BYTES} bytes",
                "send fewer; a proxy on the way may add some",
            )
        case replies.Unavailable(retry_after, why):
            return detail or why, f"its sender is asked to send it again in {retry_after} s"


def example(contract: Contract, operation: Operation) -> str:
    """`receiver send TYPE` for the first event type of an operation."""
    name = operation.events[0]
    several = len(contract.find(name)) > 1
    return f"receiver send {name}{f' --source {operation.source}' if several else ''}"


def secret_rows(contract: Contract, source: str, kept: Kept) -> Iterator[tuple[str, str, str, str]]:
    """Rows of a table that shows new secrets: which header of which source they prove."""
    used = {
        name
        for operation in contract.operations
        if operation.source == source
        for name in operation.security[0]
    }
    headers: dict[str, str] = {}
    for name in sorted(used):
        scheme = contract.schemes[name]
        headers.setdefault(scheme.kind, scheme.header)
    for name, value in kept.secrets.items():
        kind = "standard-webhooks" if name.endswith("-standard") else "hmac"
        yield source, headers.get(kind, output.MISSING), kind, value
    for header, value in kept.headers.items():
        yield source, header, "static", value
    for public in kept.public_keys():
        yield source, headers.get("rsa", output.MISSING), "rsa", f"private key, {public.name}"
