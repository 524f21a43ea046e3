"""What the commands of RainMaker share: the API with its token, and how answers are told.

Must not know: integrations, filters, topics.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from receiver.cli import output
from receiver.cli.platforms import desk
from receiver.errors import ReceiverError

if TYPE_CHECKING:
    from receiver.platforms.rainmaker import Rainmaker
    from receiver.settings import Configuration

SOURCE = "rainmaker"
TOKEN = "RAINMAKER_TOKEN"  # noqa: S105 (names of variables)
API = "RAINMAKER_API"
KEPT_TOKEN = "rainmaker.token"  # noqa: S105 (a file's name)
"""The file beside the inbox that `login` writes."""

Base = Annotated[
    str | None,
    typer.Option("--api", metavar="URL", help=f"The deployment's API; else {API}."),
]


@contextmanager
def asked(
    base: str | None, token_file: Path | None, dry: bool, found: Configuration
) -> Iterator[Rainmaker]:
    from receiver.platforms.rainmaker import Rainmaker

    token = desk.token(TOKEN, token_file, dry, found.store_path.parent / KEPT_TOKEN)
    api = Rainmaker(address(base), token, told=desk.show if dry else None, dry=dry)
    try:
        yield api
    finally:
        api.close()


def address(given: str | None) -> str:
    base = given or os.environ.get(API)
    if not base:
        raise ReceiverError(f"where is the deployment's API? give --api URL, or set {API}")
    return base


def done(text: str, dry: bool) -> None:
    if not dry:
        output.line(text)


def answered(answer: Any, dry: bool) -> None:
    if not dry:
        output.structure(answer)
