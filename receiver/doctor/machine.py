"""Disk, memory, limits and listeners of this machine, as the configuration needs them.

Must not know: what the configuration is for.
"""

from __future__ import annotations

import errno
import os
import resource
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

from receiver import running
from receiver.doctor.finding import Finding, fail, ok, warn
from receiver.selftest import disk
from receiver.settings import Settings, split_address
from receiver.settings.values import in_bytes

LITTLE = 256 << 20
LOG_BYTES = 64 << 20
SLOW_SECONDS = 0.5
FILES_BESIDE = 256
"""Files that a process opens beside its connections: the store, plugins, their connections."""

PROCESS_BYTES = 160 << 20
"""About what a worker or backstage takes with nothing to do; and bodies in memory come on top."""

BODIES_BYTES = 64 << 20
_CGROUP = Path("/sys/fs/cgroup/memory.max")
_MEMORY = Path("/proc/meminfo")


def disks(folder: Path, hard_limit: float, used: int) -> Iterator[Finding]:
    """Whether the store's disk keeps its word, is quick enough and has room.

    `used`: bytes that the store's files have taken already. Raises OSError.
    """
    measured = disk.flushes(folder, seconds=0.5)
    system = disk.file_system(folder)
    told = f"{disk.micros(measured.median)}, p99 {disk.micros(measured.p99)}"
    doubts = disk.doubts(measured, system)
    for doubt in doubts:
        yield warn("disk", doubt, "use another disk; `receiver selftest durability` tests it")
    if measured.p99 > SLOW_SECONDS:
        fix = "use a quicker disk: at 4 s senders are answered 503"
        yield warn("disk", f"fsync takes {told}", fix)
    elif not doubts:
        yield ok("disk", f"{system or 'file system unknown'}, fsync takes {told}")
    free = shutil.disk_usage(folder).free
    wanted = max(0.0, hard_limit + LOG_BYTES - used)
    text = f"{in_bytes(free)} left on the store's disk"
    if free < LITTLE:
        yield fail("space", text, "make room: on a full disk senders are answered 503")
    elif free < wanted:
        yield warn(
            "space",
            f"{text}, and the inbox may take {in_bytes(wanted)} more",
            "make room, or lower retention.hard_limit",
        )
    else:
        yield ok("space", text)


def limits(settings: Settings) -> Iterator[Finding]:
    """Whether the processes may open enough files, and there is memory and processors for them."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.server.connections + FILES_BESIDE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        fix = "LimitNOFILE=16384 in the unit, or `ulimit -n 16384`; or fewer server.connections"
        text = f"a process may open {soft} files, and server.connections needs {wanted}"
        yield (fail if soft < settings.server.connections else warn)("files", text, fix)
    else:
        yield ok("files", f"a process may open {'any number of' if soft < 0 else soft} files")
    needed = (settings.server.workers + 1) * PROCESS_BYTES + settings.server.workers * BODIES_BYTES
    available = memory()
    if available is not None and available < needed:
        text = f"{in_bytes(available)} of memory, and {in_bytes(needed)} may be needed"
        yield warn("memory", text, "give it more, or fewer server.workers")
    elif available is not None:
        yield ok("memory", f"{in_bytes(available)} to be had")
    processors = os.cpu_count() or 1
    if settings.server.workers > 2 * processors:
        text = f"{settings.server.workers} workers on {processors} processors"
        yield warn("workers", text, "lower server.workers: more gain nothing")


def memory() -> int | None:
    """Bytes of memory that may be had, by the machine and the container; None: not to be told."""
    found = []
    try:
        lines = _MEMORY.read_text(encoding="ascii").splitlines()
        found += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    except (OSError, ValueError, IndexError):
        found = []
    try:
        most = _CGROUP.read_text(encoding="ascii").strip()
    except OSError:
        most = "max"
    if most.isdigit():
        found.append(int(most))
    return min(found, default=None)


def ports(settings: Settings, folder: Path) -> Iterator[Finding]:
    """Whether the addresses of both listeners can be had, or are our own already."""
    ours = running.url(folder)
    for key in ("public", "admin"):
        where = getattr(settings.server, key)
        host, port = split_address(where)
        why = _unheard(host, port)
        if why is None:
            yield ok("port", f"{where} is free ([server] {key})")
        elif why == errno.EADDRINUSE and ours is not None:
            yield ok("port", f"{where} is in use; a receiver of this store runs ([server] {key})")
        else:
            said = "another program has it" if why == errno.EADDRINUSE else os.strerror(why)
            fix = f"stop it, or choose another: [server] {key}"
            yield fail("port", f"{where} cannot be listened on: {said}", fix)


def _unheard(host: str, port: int) -> int | None:
    """The number of the error that listening there gives; None: it can be done."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        return error.errno or errno.EADDRNOTAVAIL
    return None
