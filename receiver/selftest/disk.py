"""What a folder's disk is, and how long it takes to keep something.

Must not know: what is kept there.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

BLOCK = b"\xa5" * 4096
SECONDS = 1.5
MOST = 300

TOO_FAST = 25e-6
"""Seconds: no disk that keeps its word is faster; the quickest flash with a capacitor takes so."""

_MEMORY = {"tmpfs", "ramfs", "devtmpfs"}
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre"}
_MOUNTS = Path("/proc/self/mountinfo")


@dataclass(frozen=True, slots=True)
class Flushes:
    """How long it took to write 4 KiB and have them on the disk (fsync), in seconds."""

    count: int
    median: float
    p99: float


def flushes(folder: Path, *, seconds: float = SECONDS, most: int = MOST) -> Flushes:
    """Measure it in a file that is removed; for so long, or so many times. Raises OSError."""
    times: list[float] = []
    with tempfile.TemporaryFile(dir=folder) as file:
        handle = file.fileno()
        end = time.perf_counter() + seconds
        while len(times) < most and (not times or time.perf_counter() < end):
            os.write(handle, BLOCK)
            began = time.perf_counter()
            os.fsync(handle)
            times.append(time.perf_counter() - began)
    times.sort()
    return Flushes(len(times), times[len(times) // 2], times[len(times) * 99 // 100])


def file_system(folder: Path) -> str | None:
    """The type of the file system that a folder is on, such as `ext4`; None: not to be told."""
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
        inside = [str(part) for part in (folder.resolve(), *folder.resolve().parents)]
    except OSError:
        return None
    found: tuple[int, str | None] = (-1, None)
    for line in lines:
        fields = line.split()
        point = fields[4].replace("\\040", " ")
        if point in inside and len(point) >= found[0]:  # what was mounted last lies above
            found = len(point), fields[fields.index("-") + 1]
    return found[1]


def doubts(measured: Flushes, system: str | None, platform: str = sys.platform) -> list[str]:
    """Why what is flushed here may not be on a disk, or not be safe there."""
    found = []
    if system in _MEMORY:
        found.append(f"{system} is memory: everything is gone when the machine is")
    elif system in _NETWORK or (system or "").startswith("fuse."):
        found.append(
            f"{system} may be another machine's: neither locks nor shared memory can be relied on; "
            "use a local disk"
        )
    if measured.median < TOO_FAST and system not in _MEMORY:
        found.append(
            f"fsync takes {micros(measured.median)}, which is too fast to be true: the disk, its "
            "controller or the virtual machine says done before it is (a write cache without a "
            "battery, cache=unsafe); a power cut may take what was acknowledged"
        )
    if platform == "darwin":
        found.append("fsync on macOS does not empty the disk's own cache: a power cut may lose it")
    return found


def micros(seconds: float) -> str:
    """A short time for people."""
    return f"{seconds * 1e6:.0f} µs" if seconds < 1e-3 else f"{seconds * 1e3:.1f} ms"
