"""The end of a process that ran plugins: in bounded time, whatever they have left running.

Must not know: servers, what is delivered.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from receiver.cli import output
from receiver.errors import ReceiverError

if TYPE_CHECKING:
    from receiver.backstage import Backstage

PATIENCE = 1.0
"""Seconds that threads of plugins have to end before the process ends without them."""


def stop(backstage: Backstage) -> None:
    """Stop delivering. Raises ReceiverError when that ended before, and why."""
    try:
        backstage.stop()
    except ReceiverError as error:
        if not _held(backstage):
            raise
        output.tell(f"receiver: {error}")
        _leave_hard(1)


def leave(backstage: Backstage) -> None:
    """Return where the process can end by itself; else name the calls that hold it, and end it."""
    for route in backstage.unfinished:
        output.tell(
            f"receiver: route {route}: a call of its sink was still running; "
            "what it did not finish is delivered again after the next start"
        )
    if _held(backstage):
        _leave_hard(0)


def _held(backstage: Backstage) -> bool:
    """Whether the interpreter would wait, or would end beneath a call that goes on."""
    if backstage.running or backstage.unfinished:
        return True
    end = time.monotonic() + PATIENCE
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    for thread in others:  # daemons, too: the interpreter waits for those of `concurrent.futures`
        thread.join(max(0.0, end - time.monotonic()))
    return any(thread.is_alive() for thread in others)


def _leave_hard(status: int) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # whoever read it has gone
            stream.flush()
    logging.shutdown()
    os._exit(status)
