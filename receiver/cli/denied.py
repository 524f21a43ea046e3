"""What to do about a file that the system does not let this user use.

Must not know: commands, what is in the file.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path


def explained(file: str | bytes) -> str:
    """Which file it is, and as whom to run the command, in one line."""
    path = Path(os.fsdecode(file)).absolute()
    owner = next((uid for place in (path, *path.parents) if (uid := _owner(place)) is not None), 0)
    if owner == os.geteuid():
        return f"{path}: permission denied, though it is this user's own: see chmod u+rwX"
    name = _name(owner)
    return f"{path}: permission denied: it is user {name}'s; run this as {name} (sudo -u {name} …)"


def _owner(path: Path) -> int | None:
    """The user id that what stands there belongs to; None where that cannot be seen."""
    try:
        return path.stat().st_uid
    except OSError:
        return None


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"
