"""Reads `receiver.toml`: the one named, else that of RECEIVER_CONFIG, else the one here.

Must not know: what the keys mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from receiver.errors import ConfigError
from receiver.settings import Configuration, Flag, combine

NAME = "receiver.toml"
VARIABLE = "RECEIVER_CONFIG"


def located(config: Path | None, environ: Mapping[str, str]) -> Path:
    """The file that `load` reads, whether there is one or not."""
    return config or Path(environ.get(VARIABLE) or NAME)


def load(
    config: Path | None, environ: Mapping[str, str], flags: tuple[Flag, ...] = ()
) -> Configuration:
    """The configuration to run with; without any file, the defaults.

    Raises ConfigError for a file that was named and is not there, and for what is wrong in it.
    """
    named = config or (Path(environ[VARIABLE]) if environ.get(VARIABLE) else None)
    path = located(config, environ)
    if named is None and not path.exists():
        return combine("", label=NAME, base=Path.cwd(), environ=environ, flags=flags)
    who = "--config" if config else VARIABLE
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from None
    except OSError as error:
        hint = f"; {who} names it" if named else ""
        raise ConfigError(f"{path}: {error.strerror or error}{hint}") from None
    base = path.absolute().parent
    return combine(text, label=str(path), base=base, environ=environ, flags=flags)
