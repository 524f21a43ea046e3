"""What a value of the configuration refers to: `env:NAME` a variable, `file:PATH` a file's content.

Must not know: which values those are, what they are for.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

FILE = "file:"
URL = "file://"
"""A value that starts so is a URL and stands for itself."""


def resolve(text: str, base: Path, environ: Mapping[str, str]) -> str:
    """What `text` stands for: a variable, a file's content without its last line end, or itself.

    `file://` starts a URL and stands for itself. Raises LookupError, which says what to do.
    """
    if text in ("env:", "file:"):
        raise LookupError(f"{text!r} names nothing; write env:NAME or file:PATH")
    if text.startswith("env:"):
        name = text.removeprefix("env:")
        if not environ.get(name):
            state = "empty" if name in environ else "not set"
            raise LookupError(
                f"the environment variable {name} is {state}; set it, and start again"
            )
        return environ[name]
    if text.startswith(FILE) and not text.startswith(URL):
        path = base / text.removeprefix(FILE)
        try:
            content = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise LookupError(f"the file {path} is not UTF-8 text") from None
        except OSError as error:
            raise LookupError(f"the file {path} cannot be read: {error.strerror}") from None
        content = content.removesuffix("\n").removesuffix("\r")
        if not content:
            raise LookupError(f"the file {path} is empty; write the value into it")
        return content
    return text
