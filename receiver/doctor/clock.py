"""Is the clock right? Signatures with a time, ages, retries and the inbox's order depend on it.

Against what: the file system's time, the steady clock, whether it is set from the network, the
newest event, and on request a web server's Date. Must not know: what else is wrong.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx

from receiver.doctor.finding import Finding, fail, ok, warn

STEP_SECONDS = 0.1
FILES_SECONDS = 2.0
"""How far a local file system's time may be off; another machine's differs."""

TOLERABLE, TOO_MUCH = 5.0, 60.0
"""Seconds from a web server's: senders' tolerances for signatures with a time are minutes."""

NETWORK_TIME = "set it from the network: systemd-timesyncd, chrony"
_SYNCHRONIZED = ("timedatectl", "show", "--property=NTPSynchronized", "--value")


class Watch:
    """The steady clock beside the other, from when it was made."""

    def __init__(self) -> None:
        self._wall, self._steady = time.time(), time.monotonic()

    def looked_at(self) -> list[Finding]:
        """Whether the clock was set meanwhile."""
        gone = (time.time() - self._wall) - (time.monotonic() - self._steady)
        if abs(gone) > STEP_SECONDS:
            return [warn("clock", f"it was set by {gone:+.1f} s while this looked", NETWORK_TIME)]
        return []


def local(folder: Path, newest: datetime | None) -> Iterator[Finding]:
    """What can be told without a network; `newest` is when the newest event was received."""
    now = datetime.now(UTC)
    found: list[Finding] = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        off = Path(file.name).stat().st_mtime - now.timestamp()
    if abs(off) > FILES_SECONDS:
        why = f"the file system of {folder} is {off:+.1f} s off: is it another machine's?"
        found.append(fail("clock", why, "put the store on a local disk"))
    if newest is not None and newest > now:
        ahead = (newest - now).total_seconds()
        why = f"the newest event was received {ahead:.0f} s from now: the clock was set back"
        found.append(warn("clock", why, NETWORK_TIME))
    if _synchronized() is False:
        found.append(warn("clock", "it is not set from the network", NETWORK_TIME))
    yield from found
    if not found:
        yield ok("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")


def online(url: str) -> Finding:
    """The clock against the Date of a web server; half the way there and back is allowed for."""
    began = time.time()
    try:
        answer = httpx.head(url, timeout=5.0, follow_redirects=False)
        theirs = parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (httpx.HTTPError, httpx.InvalidURL, KeyError, ValueError) as error:
        why = f"{url} does not tell the time ({type(error).__name__})"
        return warn("clock", why, "name another web server: --online URL")
    off = (began + time.time()) / 2 - theirs - 0.5  # a Date is cut off to whole seconds
    text = f"{off:+.1f} s from {url}"
    if abs(off) > TOO_MUCH:
        return fail("clock", text, NETWORK_TIME)
    return warn("clock", text, NETWORK_TIME) if abs(off) > TOLERABLE else ok("clock", text)


def _synchronized() -> bool | None:
    """Whether systemd says that the clock is set from the network; None: it cannot be told."""
    if shutil.which(_SYNCHRONIZED[0]) is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 (a fixed program)
            _SYNCHRONIZED, capture_output=True, text=True, timeout=3, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"yes": True, "no": False}.get(done.stdout.strip())
