"""docs/management.md is true: every command of it runs, in its order, against one receiver."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from receiver.testing import RunningReceiver

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "management.md").read_text()
COMMANDS = re.findall(r"<!-- run -->\n```sh\n(.*?)```", PAGE, flags=re.DOTALL)
CONFIG = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)


def test_every_command_of_the_page_runs(tmp_path: Path) -> None:
    with RunningReceiver(tmp_path, config="".join(CONFIG)) as receiver:
        # As a person pastes them: one shell, in which `receiver` is ours; a failure ends it.
        ours = 'receiver() { "$PYTHON" -m receiver "$@"; }'
        shell = f"set -eo pipefail; ADMIN={receiver.admin}; {ours}\n"
        done = subprocess.run(
            ["bash", "-c", shell + "\n".join(COMMANDS)],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "PYTHON": sys.executable, "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=120,
        )

    assert done.returncode == 0, done.stderr + done.stdout
    assert len(COMMANDS) == 7
    assert "crm.example.com" not in done.stdout, "a secret setting is shown"
    assert "Hourly power" in done.stdout
    assert "create integration" in done.stdout
