"""Where a running receiver listens: a file beside its inbox for `receiver send`, and a banner.

Must not know: servers or requests.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from receiver.errors import StoreError

FILE = "running.json"


def url(folder: Path) -> str | None:
    """The address that the receiver of a store listens on; None when none says so."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))["url"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


@contextmanager
def told(folder: Path, url: str) -> Iterator[None]:
    """Tell `url` while in the block. Raises StoreError when the folder cannot be written."""
    path = folder / FILE
    pid = os.getpid()
    draft = path.with_suffix(f".{pid}")
    try:
        draft.write_text(json.dumps({"url": url, "pid": pid}), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        why = error.strerror or str(error)
        raise StoreError(f"cannot write into {folder}: {why}; use another --store-dir") from None
    try:
        yield
    finally:
        if os.getpid() == pid:  # else of a worker that was forked in the block, and ends
            path.unlink(missing_ok=True)


def say(line: str) -> None:
    """Print a line of the banner."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def durability(level: str) -> str:
    """What the configured durability promises, in words."""
    return {
        "strict": "strict: on the disk before the sender is answered",
        "relaxed": "relaxed: a power cut may lose the last events",
    }[level]


def address(host: str, port: int) -> str:
    """The URL of a listener; one that listens everywhere is reached on the loopback."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (compared only)
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"
