"""Programs run in other environments, and the command line of this one.

Must not know: what is run.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SECONDS = 300


@dataclass(frozen=True)
class Place:
    """A virtual environment, or this one."""

    python: Path
    offline: dict[str, str]
    """Variables by which pip asks the wheels here and nobody else."""

    def run(
        self, *command: str | Path, cwd: Path, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of this environment."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON", "UV_"))}
        path = os.pathsep.join([str(self.python.parent), os.environ["PATH"]])
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env={**kept, **self.offline, "PATH": path},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert not check or done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done

    def pip(self, *arguments: str | Path, cwd: Path) -> None:
        """Run pip."""
        self.run(self.python, "-m", "pip", *arguments, cwd=cwd)


def receiver(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of this Receiver."""
    return subprocess.run(
        [sys.executable, "-m", "receiver", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
