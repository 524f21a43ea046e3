"""Runs all tests: those that stand company, several at once, the plugins' own, then what measures
time, alone.

python .ci/suite.py [ARGUMENTS OF PYTEST INSTEAD]
"""

from __future__ import annotations

import os
import subprocess
import sys

ALL = ["tests", "--ignore", "tests/packaging"]
WORKERS = min(12, 2 * (os.cpu_count() or 1))
"""Most tests wait for processes most of the time."""
COMPANY = ["-n", str(WORKERS), "--durations", "25", "-rs"]


def main(arguments: list[str]) -> int:
    """The exit status: of the first that failed, after all have run."""
    ours = [*ALL, "-m", "not alone", "--dist", "worksteal", *COMPANY]
    plugins = ["plugins", "--dist", "loadfile", *COMPANY]
    runs = [arguments] if arguments else [ours, plugins, [*ALL, "-m", "alone"]]
    statuses = [subprocess.call([sys.executable, "-m", "pytest", *run]) for run in runs]  # noqa: S603 (pytest)
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
