"""What the commands of all platforms share: secrets that do not get into a history, dry runs.

Must not know: any platform.
"""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from receiver.cli import output
from receiver.errors import ReceiverError

if TYPE_CHECKING:
    from receiver.platforms.api import Call, Told

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be sent, secrets hidden; send nothing.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def secret(variable: str, what: str, file: Path | None = None, *, dry: bool = False) -> str:
    """A secret from a file, else from a variable, else from whoever sits there.

    In a dry run nobody is asked. Raises ReceiverError where there is none.
    """
    if file is not None:
        try:
            found = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ReceiverError(f"{file} cannot be read: {error}") from None
        if not found:
            raise ReceiverError(f"{file} is empty")
        return found
    found = os.environ.get(variable, "").strip()
    if found:
        return found
    if dry:
        return f"<{what}>"
    if sys.stdin.isatty():
        found = getpass.getpass(f"{what}: ").strip()
    if not found:
        raise ReceiverError(f"the {what} is missing; set the variable {variable}")
    return found


def told(dry: bool) -> Told | None:
    """What shows calls, where they are not made."""
    return _show if dry else None


def _show(call: Call) -> None:
    for line in call.lines:
        output.line(output.printable(line))


def confirm(question: str, yes: bool) -> None:
    """Go on only if somebody says so. Raises ReceiverError where nobody does."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise ReceiverError(f"{question} Nobody can be asked here: add --yes")
    if not typer.confirm(question, err=True):
        raise ReceiverError("nothing was done")
