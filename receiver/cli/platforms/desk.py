"""What the commands of all platforms share: tokens that stay out of history, showing, asking.

Must not know: which platforms there are.
"""

from __future__ import annotations

import os
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from receiver.cli import output
from receiver.errors import ReceiverError

if TYPE_CHECKING:
    from receiver.contract import Contract, EventType
    from receiver.platforms.api import Call

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be asked, and ask nothing.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before something is removed.")]
Api = Annotated[str | None, typer.Option("--api", metavar="URL", help="The platform's API.")]
TokenFile = Annotated[
    Path | None, typer.Option("--token-file", metavar="PATH", help="Read the token from a file.")
]
Events = Annotated[
    list[str] | None,
    typer.Option("--events", metavar="PATTERN", help="Event types, globs; repeatable."),
]
ToUrl = Annotated[
    str,
    typer.Option("--url", metavar="URL", help="Where this receiver is for the platform: https://…"),
]


def token(variable: str, file: Path | None, dry: bool, kept: Path | None = None) -> str:
    """A secret out of a file, the environment, the file of a login, or a prompt; no argument.

    With `dry` none is needed. Raises ReceiverError where there is none.
    """
    if file is not None:
        return _content(file)
    if os.environ.get(variable):
        return os.environ[variable]
    if kept is not None and kept.exists():
        return _content(kept)
    if dry:
        return "<token>"
    if not sys.stdin.isatty():
        raise ReceiverError(f"there is nothing to log in with: set {variable}")
    return str(typer.prompt(variable, hide_input=True, err=True)).strip()


def _content(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ReceiverError(f"{file} cannot be read: {error}") from None
    if not text:
        raise ReceiverError(f"{file} is empty")
    return text


def show(call: Call) -> None:
    """Show one call that is not made."""
    for line in call.lines:
        output.line(output.printable(line))


def certain(question: str, yes: bool, dry: bool) -> None:
    """Ask before something is removed. Raises ReceiverError when nobody agrees."""
    if yes or dry:
        return
    if not sys.stdin.isatty():
        raise ReceiverError(f"{question} Nobody can be asked here: add --yes")
    if not typer.confirm(question, err=True):
        raise ReceiverError("nothing was removed")


def public(url: str) -> str:
    """The URL of this receiver, without a slash at its end. Raises BadParameter."""
    if not url.startswith(("https://", "http://")):
        raise typer.BadParameter(f"{url!r}: write it with https://", param_hint="--url")
    return url.rstrip("/")


def chosen(
    contract: Contract, source: str, patterns: list[str] | None, everything: bool = False
) -> list[EventType]:
    """The event types of a source that are meant. Raises ReceiverError when there are none."""
    if not patterns and not everything:
        raise typer.BadParameter("say which, such as --events '*'", param_hint="--events")
    wanted = patterns or ["*"]
    found = [
        event
        for event in contract.events
        if event.source == source
        and any(fnmatchcase(event.name, one) or event.hook == one for one in wanted)
    ]
    if not found:
        raise ReceiverError(f"no event type of {source} matches {', '.join(wanted)}")
    return found
