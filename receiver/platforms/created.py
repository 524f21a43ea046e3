"""What Receiver has made on platforms, so that it can be taken away again, and nothing else.

A file beside the inbox. Must not know: which platforms there are, how anything is made.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from receiver.errors import StoreError

FILE = "platforms.json"


@dataclass(frozen=True, slots=True)
class Creation:
    """One thing on a platform that is there because we made it."""

    platform: str
    kind: str
    id: str
    path: str
    """Where the platform's API has it."""
    about: str = ""
    """What it is, for people."""


def read(folder: Path, platform: str) -> list[Creation]:
    """What was made on a platform and not taken away, the oldest first."""
    return [one for one in _all(folder) if one.platform == platform]


def note(folder: Path, creation: Creation) -> None:
    """Remember what was made. Raises StoreError when it cannot be kept."""
    _change(folder, lambda known: [*known, creation])


def forget(folder: Path, creation: Creation) -> None:
    """Forget what was taken away. Raises StoreError."""
    gone = (creation.platform, creation.id)
    _change(folder, lambda known: [one for one in known if (one.platform, one.id) != gone])


def _all(folder: Path) -> list[Creation]:
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return [Creation(**entry) for entry in found]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(f"{folder / FILE} cannot be read: {error}") from None


def _change(folder: Path, alter: Callable[[list[Creation]], list[Creation]]) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = folder / f"{FILE}.{os.getpid()}.new"
        fresh.write_text(json.dumps([asdict(one) for one in alter(_all(folder))], indent=1))
        fresh.replace(folder / FILE)
    except OSError as error:
        raise StoreError(f"{folder / FILE} cannot be written: {error.strerror}") from None
