"""`receiver dev --from` with what cannot be looked at; what can is in tests/first_event/."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["flespi://429"], 1, "set the variable FLESPI_TOKEN"),
        (["flespi://"], 2, "write flespi://CHANNEL"),
        (["nowhere://429"], 2, "no installed transport takes 'nowhere://429'"),
        (["429"], 2, "flespi://"),
        (["flespi://429", "--source", "flepsi"], 2, 'did you mean "flespi"?'),
    ],
)
def test_what_cannot_be_looked_at_is_one_line(
    arguments: list[str], status: int, says: str, tmp_path: Path
) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "FLESPI_TOKEN"}
    done = subprocess.run(
        [sys.executable, "-m", "receiver", "dev", "--from", *arguments],
        cwd=tmp_path,
        env={**environ, "COLUMNS": "300"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status
    assert says in " ".join(done.stderr.split())
