"""What `receiver dev` says while it runs: the secrets it made, one line for what went wrong.

Must not know: how requests are judged.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from receiver.cli import output
from receiver.sampling import Sampler

if TYPE_CHECKING:
    from receiver.contract import Contract, Operation
    from receiver.keptsecrets import Kept
    from receiver.replies import Outcome

BURST = 10
"""Lines about one kind of trouble at one operation that are said at once, and then one a second:
a person sees each of their own, and a flood scrolls nothing away."""

SECRET_COLUMNS = ("source", "header", "kind", "secret")


class Narrator:
    """Prints a line for every request that was not simply accepted, and what to do about it."""

    def __init__(
        self, contract: Contract, where: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._contract = contract
        self._sampler: Sampler[tuple[str, str]] = Sampler(BURST, 1.0)
        self._clock = clock
        self._where = where
        """The options that make another command work on the same store."""

    def observe(self, operation: Operation, outcome: Outcome, detail: str) -> None:
        """Told of each request by the intake and by what stands before it."""
        from receiver.receipt import Status
        from receiver.replies import Refused, Taken, reply

        if isinstance(outcome, Refused):
            why = detail or outcome.reason
            said = f"{why}; accepted would be: {self.example(operation)}"
            self._say(operation, 401, outcome.reason, said)
        elif isinstance(outcome, Taken):
            for receipt in outcome.receipts:
                if receipt.status is Status.QUARANTINED:
                    problems = "; ".join(receipt.problems)
                    said = f"quarantined: {problems}; see: receiver quarantine list{self._where}"
                    self._say(operation, 200, "quarantined", said)
        else:
            kind = type(outcome).__name__
            self._say(operation, reply(outcome).status, kind, f"{kind}: {detail}".rstrip(": "))

    def example(self, operation: Operation) -> str:
        """The command that sends what an operation takes."""
        return example(self._contract, operation) + self._where

    def _say(self, operation: Operation, status: int, kind: str, text: str) -> None:
        unsaid = self._sampler.admit((operation.id, kind), self._clock())
        if unsaid is not None:
            more = f" ({unsaid} more before)" if unsaid else ""
            output.line(output.printable(f"{status} {operation.id}: {text}{more}"))


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
