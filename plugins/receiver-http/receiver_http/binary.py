"""CloudEvents in HTTP binary mode: the attributes as headers, the payload as the body.

HTTP Protocol Binding for CloudEvents 1.0.2, section 3.1. Must not know: how a request is sent.
"""

from __future__ import annotations

import re
from typing import Any

from receiver import Event

PREFIX = "ce-"
_ENCODED = re.compile(r"[^\x21\x23\x24\x26-\x7e]")
"""What is percent-encoded in a header's value (3.1.3.2): space, `"`, `%` and all but ASCII."""


def attributes(event: Event[Any]) -> dict[str, str]:
    """The headers that carry an event's attributes; the media type is Content-Type's to tell."""
    return {
        f"{PREFIX}{name}": _ENCODED.sub(_percent, str(value))
        for name, value in event.cloudevent().items()
        if name not in ("data", "datacontenttype")
    }


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "replace"))
