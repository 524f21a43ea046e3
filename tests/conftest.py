"""What every test can rely on, however the run was started; and which tests begin first."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

LONG = {
    "tests/scaffold/test_projects.py": 100,
    "tests/crash/test_drain.py": 70,
    "tests/crash/test_kills.py": 55,
    "tests/story/test_three_in_the_morning.py": 40,
    "tests/scaffold/test_page.py": 35,
    "tests/crash/test_full_disk.py": 20,
    "tests/operations/test_backup.py": 25,
    "tests/cli/test_ending.py": 15,
    "tests/testing/test_suite.py": 15,
    "tests/spec/test_other_languages.py": 10,
    "tests/platforms/test_gridx.py": 10,
    "tests/docs/test_plugins_page.py": 10,
    "tests/cli/test_release.py": 10,
}
"""Files whose tests take longest, and about how many seconds each of them. What begins last decides
when a run ends, so these begin first."""


def pytest_configure() -> None:
    """Let Ctrl-C reach the commands that tests start.

    A shell starts what runs in its background with SIGINT ignored, and programs inherit that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)  # of those that were asked for
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long tests first: of each worker's share, where there are workers.

    They are dealt out a file at a time, since its tests share what they set up. `worksteal` gives
    each worker as many tests as another, in their order, and takes from the end of a share.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    files: dict[str, list[pytest.Item]] = {}
    others: list[pytest.Item] = []
    for item in items:
        name = item.nodeid.partition("::")[0]
        (files.setdefault(name, []) if name in LONG else others).append(item)
    seconds = [0.0] * workers
    shares: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for name in sorted(files, key=lambda name: -LONG[name] * len(files[name])):
        least = seconds.index(min(seconds))
        shares[least] += files[name]
        seconds[least] += LONG[name] * len(files[name])
    total, ordered = len(items), 0
    for left, share in zip(range(workers, 0, -1), shares, strict=True):
        room = max((total - ordered) // left - len(share), 0)
        share += others[:room]
        del others[:room]
        ordered += len(share)
    items[:] = [item for share in shares for item in share] + others


@pytest.fixture
def barred() -> Callable[[Path], AbstractContextManager[None]]:
    """A block in which who runs this may not use a folder: root does as somebody else."""
    return _barred


@contextmanager
def _barred(folder: Path) -> Iterator[None]:
    root, nobody = os.geteuid() == 0, 65534
    folder.chmod(0o700 if root else 0)
    if root:
        os.setresuid(nobody, nobody, 0)
    try:
        yield
    finally:
        if root:
            os.setresuid(0, 0, 0)
        folder.chmod(0o700)
