"""Installs every bundled plugin, with what its tests need: each folder of plugins/ is one.

python .ci/plugins.py
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PLUGINS = Path(__file__).parent.parent / "plugins"


def main() -> int:
    """Install all in one call, so that pip finds versions that suit them all."""
    found = sorted(file.parent for file in PLUGINS.glob("*/pyproject.toml"))
    wanted = [word for folder in found for word in ("--editable", f"{folder}[test]")]
    command = [sys.executable, "-m", "pip", "install", "--quiet", *wanted]
    return subprocess.run(command, check=False).returncode  # noqa: S603 (our own folders)


if __name__ == "__main__":
    sys.exit(main())
