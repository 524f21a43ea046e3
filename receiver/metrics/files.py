"""The folder in which the processes of one receiver keep what they count.

prometheus_client writes a file per process and kind through mapped memory, and adds them up when
asked. Two things it leaves to us. The counts of a process that ended must stay, or counters would
go backwards, and yet its file must not stay for ever: `fold` adds it to one file for all that
ended. And a mapped file with holes kills its process (SIGBUS) when the disk is full: `allocate`
makes it without holes. Must not know: what is counted.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import struct
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import mark_process_dead

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
FOLDER = "metrics"
KINDS = ("counter", "histogram")
BLOCK = 1 << 16
SERIES = 400
"""Bytes that one series may take in a file, with its help text; ours take about 250."""
_OVERHEAD = 40
"""Bytes that one series takes beside its text, at most."""
_OF_PROCESS = re.compile(r"(?P<kind>[a-z]+)(?:_[a-z]+)?_(?P<pid>\d+)\.db")
_ENDED = "ended"
_UNREADABLE = (struct.error, RuntimeError, ValueError)
"""What reading a damaged file raises."""

_log = logging.getLogger("receiver.metrics")


def folder_of(store: Path) -> Path:
    """Where the processes count that work on the store in the folder `store`."""
    return store / FOLDER


def use(folder: Path) -> None:
    """Have every metric that this process makes from now on kept in `folder`. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    chosen = str(folder.absolute())
    if os.environ.get(VARIABLE) != chosen or values.ValueClass is values.MutexValue:
        os.environ[VARIABLE] = chosen
        # The library looks at the variable on import, which may have been a plugin's.
        values.ValueClass = values.get_value_class()


def allocate(folder: Path, series: int) -> None:
    """Make this process's files with room for so many series. Raises OSError, as on a full disk."""
    for kind in KINDS:
        path = folder / f"{kind}_{os.getpid()}.db"
        if not path.exists():
            _fill(path.with_suffix(".draft"), series * SERIES).replace(path)


def clear(folder: Path) -> None:
    """Begin at 0: remove what processes that ended have counted. Raises OSError."""
    with _alone(folder):
        for path in [*_of_ended(folder), *folder.glob(f"*_{_ENDED}.db")]:
            path.unlink(missing_ok=True)


def fold(folder: Path) -> None:
    """Add the files of processes that ended into one, and remove them. Raises OSError.

    To be called when a process ended; it does nothing when none did.
    """
    if not _of_ended(folder):
        return
    with _alone(folder):
        ended = defaultdict(list)
        for path in _of_ended(folder):
            ended[path.name.partition("_")[0]].append(path)
        for path in ended.pop("gauge", []):
            mark_process_dead(path.stem.rpartition("_")[2], str(folder))
        for kind, paths in ended.items():
            _add_up(folder / f"{kind}_{_ENDED}.db", paths)


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """While in the block, nothing is folded: what is read is neither missing nor there twice."""
    with _locked(folder, fcntl.LOCK_SH):
        yield


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with _locked(folder, fcntl.LOCK_EX):
        yield


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, how)
        yield
    finally:
        os.close(handle)


def _of_ended(folder: Path) -> list[Path]:
    """Files of processes that ended; gauges that outlive their process are not ours to judge."""
    found = []
    for path in sorted(folder.glob("*.db")):
        match = _OF_PROCESS.fullmatch(path.name)
        kept = match is None or (match["kind"] == "gauge" and "_live" not in path.name)
        if match is not None and not kept and not _runs(int(match["pid"])):
            found.append(path)
    return found


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _add_up(pool: Path, paths: list[Path]) -> None:
    sums: dict[str, float] = defaultdict(float)
    for path in [pool, *paths]:
        if path.exists():
            for key, value in _read(path):
                sums[key] += value
    size = sum(len(key.encode()) + _OVERHEAD for key in sums)
    draft = _fill(pool.with_suffix(".draft"), size)
    book = MmapedDict(str(draft))
    for key, value in sums.items():
        book.write_value(key, value, 0.0)
    book.close()
    draft.replace(pool)
    for path in paths:
        path.unlink()


def _read(path: Path) -> list[tuple[str, float]]:
    try:
        return [
            (key, value) for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path))
        ]
    except _UNREADABLE as error:
        _log.warning("the counts in %s are lost: it is damaged (%r)", path.name, error)
        return []


def _fill(path: Path, size: int) -> Path:
    """A file of at least `size` zeros and without holes."""
    with path.open("wb") as file:
        for _ in range(1 + size // BLOCK):
            file.write(bytes(BLOCK))
    return path
