"""Events as text that is safe on a terminal and in a line-based file.

Must not know: where the text goes.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from receiver import Event
from receiver.printable import printable

_BREAKS = re.compile(r"[\r\n\t]+")


def line(event: Event[Any]) -> str:
    """The event as one line of JSON: the envelope, and the sender's own JSON as `data`.

    The payload's numbers and strings are those that were sent, not what a decoder makes of them.
    """
    envelope = {
        "seq": event.seq,
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "key": event.key,
        "time": _utc(event.time),
        "received_at": _utc(event.received_at),
        "node": event.node,
        "user": event.user,
        "replay": event.replay,
        "released": event.released,
    }
    # In JSON a line break or tab stands only between tokens; in strings it is written as an escape.
    payload = _BREAKS.sub(" ", event.raw.decode("utf-8")).strip()
    return printable(f'{json.dumps(envelope, ensure_ascii=False)[:-1]}, "data": {payload}}}')


def indented(event: Event[Any]) -> str:
    """The payload as indented JSON."""
    value = event.json()
    return "\n".join(
        printable(part) for part in json.dumps(value, indent=2, ensure_ascii=False).split("\n")
    )


def _utc(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
