"""How often this process was forked from another, without asking the system each time.

Must not know: what a fork spoils.
"""

from __future__ import annotations

import os
from itertools import count

_counter = count(1)
_forks = 0


def forks() -> int:
    """A number that is another one in a child process than it was in its parent."""
    return _forks


def _forked() -> None:
    global _forks
    _forks = next(_counter)


os.register_at_fork(after_in_child=_forked)
