"""Every exception that Receiver raises on purpose: what is wrong, where, and what to do.

Must not know: anything else of Receiver.
"""

from __future__ import annotations


class ReceiverError(Exception):
    """Something that a person can put right; the command line prints it as one line and exits 1."""


class ConfigError(ReceiverError):
    """The configuration cannot be used; the message names the file, the line and the fix.

    `problems` are all that was found, one line each; the message is the first and a count.
    """

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        more = len(problems) - 1
        tail = f" (and {more} more: receiver config check)" if more > 0 else ""
        super().__init__("".join(problems[:1]) + tail)


class SpecError(ReceiverError):
    """The OpenAPI document cannot be compiled.

    `problems` are (where, reason) pairs; `where` is a JSON pointer into the document, such as
    `/paths/~1acme~1hooks/post/x-receiver/type`.
    """

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{where}: {reason}" for where, reason in problems))


class PluginError(ReceiverError):
    """A plugin cannot be loaded or used; the message names the plugin and the fix."""


class StoreError(ReceiverError):
    """The inbox cannot do what was asked (full, read-only, gone, locked, or of a newer version)."""


class UnkeepableError(StoreError):
    """What was given cannot be kept by any store, now or later: a time without a zone, say."""


class PayloadError(ReceiverError):
    """A stored payload does not fit the generated model of its event type."""


class SignatureError(Exception):
    """A request is not authentic. `reason` is a short fixed word, safe for logs and metrics.

    Reasons: `missing`, `doubled`, `malformed`, `mismatch`, `stale`, `not-configured`; and `expired`
    where every secret of the source has expired and it is configured to answer 503 then. Of what
    comes by SNS also `not-allowed`: it is authentic, and of a topic that nobody asked for. So is a
    request from an address that its source's `networks` do not have.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class JsonError(ValueError):
    """Bytes that are not the strict, bounded JSON that Receiver takes; says why and where."""


class Retry(Exception):
    """Raised by a hook: not delivered, try again.

    `after` is the least number of seconds to wait; None leaves it to the route's retry schedule.
    """

    def __init__(self, reason: str = "", *, after: float | None = None) -> None:
        self.after = after
        super().__init__(reason)


class Reject(Exception):
    """Raised by a hook: this event can never be delivered here; it becomes a dead letter now."""
