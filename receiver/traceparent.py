"""The `traceparent` of a request: whose trace an event is part of.

W3C Trace Context, https://www.w3.org/TR/trace-context/#traceparent-header. Must not know: spans.
"""

from __future__ import annotations

import re

from receiver.locator import Headers

HEADER = b"traceparent"
_VALUE = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.{0,64})?"
)


def of(headers: Headers) -> str | None:
    """The value of the one valid `traceparent`; None where there is none, or more than one."""
    found = [value for name, value in headers if name == HEADER]
    if len(found) != 1 or not _VALUE.fullmatch(found[0]):
        return None
    return found[0][:55].decode("ascii")
