"""What a sink's process may not do: outgrow its memory, outlive its parent, leave its core behind.

Must not know: sinks, messages.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

LOOK = 1.0
"""Seconds between two looks for the parent, where the system does not tell of its end."""
ARENAS = 2
_M_ARENA_MAX = -8
_PR_SET_PDEATHSIG = 1


def confine(memory: int, parent: int) -> None:
    """Hold this process to `memory` bytes, and end it with its parent. Not to be undone."""
    _end_with(parent)
    # A library that is told to end by a terminal or a supervisor would drop what is under way; it
    # is the parent who ends this process. Ignored signals would be inherited; a handler is not.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: None)
    with suppress(OSError):
        # When the machine is out of memory, this process goes first. (proc(5))
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    _limit(memory)


def _limit(memory: int) -> None:
    import resource  # not there on every system that this module is imported on

    with suppress(OSError, AttributeError):
        # Each arena of glibc takes 128 MiB of addresses, used or not, and each thread wants one.
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    memory = memory if most == resource.RLIM_INFINITY else min(memory, most)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    # A core file holds secrets, and a sink that crashes again and again would fill the disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_look, args=(parent,), name="parent", daemon=True).start()
    if os.getppid() != parent:  # it ended before it could be told of
        os._exit(0)


def _look(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK)
    os._exit(0)
