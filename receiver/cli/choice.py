"""What a command that changes things is to work on: ids, filters or all, and a person's consent.

Must not know: what is done with it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from receiver.cli import output


def needed(ids: Sequence[str] | None, filters: bool, everything: bool, what: str) -> None:
    """Raise BadParameter unless exactly one of ids, filters and `--all` says what is meant."""
    given = sum((bool(ids), filters, everything))
    if given == 0:
        raise typer.BadParameter(f"say which {what}: an ID, filters such as --type, or --all")
    if given > 1:
        raise typer.BadParameter(f"say which {what} in one way: IDs, filters, or --all")


def agreed(question: str, yes: bool) -> bool:
    """Whether a person agrees: said before (`--yes`), or asked now.

    Raises BadParameter where there is nobody to ask.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"{question}: there is nobody to ask here; say --yes")
    output.tell(f"{question} [y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")
