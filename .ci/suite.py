"""Runs tests/: first all that stand company, several at once, then alone what measures time.

python .ci/suite.py [ARGUMENTS OF PYTEST INSTEAD]
"""

from __future__ import annotations

import os
import subprocess
import sys

ALL = ["tests", "--ignore", "tests/packaging"]
WORKERS = min(12, 2 * (os.cpu_count() or 1))
"""Most tests wait for processes most of the time."""


def main(arguments: list[str]) -> int:
    """The exit status: of the first that failed, after both have run."""
    company = ["-m", "not alone", "-n", str(WORKERS), "--dist", "worksteal"]
    runs = [arguments] if arguments else [[*ALL, *company], [*ALL, "-m", "alone"]]
    statuses = [subprocess.call([sys.executable, "-m", "pytest", *run]) for run in runs]  # noqa: S603 (pytest)
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
