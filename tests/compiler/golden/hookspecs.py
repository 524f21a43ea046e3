# GENERATED from acme.yaml by `receiver generate`; do not edit.
# ruff: noqa: RUF001, RUF002, RUF100  (the words and characters are the spec's own)
"""One hook for each event type; a sink implements those that it wants.

Return (None or True): delivered. `return False`, `raise Retry(...)` or any other exception: try
again. `raise Reject("why")`: a dead letter, now. Plain or `async`.
"""

from __future__ import annotations

from receiver.event import Event
from receiver.hookspecs import hookspec

from . import models  # noqa: TID252  (the package has whatever name it is installed under)


@hookspec
def acme_opened(event: Event[models.DoorOpened]) -> bool | None:
    """A door was opened

    Sent once for each opening, at the latest two seconds after it.

    `event.type` is `door.opened`.

    To provoke it: Open the door.

    A sample is in samples/acme_opened.json.
    """


@hookspec
def acme_door_shut(event: Event[models.DoorClosed]) -> bool | None:
    """A door was closed

    `event.type` is `door.closed`.

    A sample is in samples/acme_door_shut.json.
    """
