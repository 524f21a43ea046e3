"""A new folder of files: written whole, or not at all, and never over another.

Must not know: what the files are.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from receiver.errors import ConfigError


def create(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Make a folder of these files, by their path in it.

    Raises ConfigError where there is something of that name already, or nothing can be made.
    """
    if os.path.lexists(folder):
        raise ConfigError(f"{folder} is there already and stays as it is; name another with --out")
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    try:
        for name, content in files.items():
            path = temporary / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        # mkdir fails where somebody was quicker; rename replaces an empty folder only.
        folder.mkdir()
        temporary.rename(folder)
    except FileExistsError:
        raise ConfigError(f"{folder} is there already and stays as it is") from None
    except OSError as error:
        raise ConfigError(f"{folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
