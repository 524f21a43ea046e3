"""What the commands of gridX share: the API, who asks, and the receiver that is set up.

Must not know: rules, subscriptions.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from receiver.cli import keeping, opening, output
from receiver.cli.platforms import desk

if TYPE_CHECKING:
    from receiver.contract import Contract
    from receiver.platforms.gridx import Gridx, Identity
    from receiver.settings import Configuration

SOURCE = "gridx"
TOKEN = "GRIDX_TOKEN"  # noqa: S105 (a variable's name)

Account = Annotated[
    str | None, typer.Option("--account", metavar="ID", help="Else that of the token.")
]
User = Annotated[str | None, typer.Option("--user", metavar="ID", help="Else that of the token.")]


@dataclass(frozen=True, slots=True)
class Desk:
    """The API, who asks, and the receiver that is set up."""

    api: Gridx
    who: Identity
    found: Configuration
    contract: Contract
    dry: bool

    @property
    def folder(self) -> Path:
        """The folder of the inbox."""
        return self.found.store_path.parent

    def keep(self, secret: str, name: str) -> None:
        """Have running receivers use a secret."""
        if self.dry:
            return
        keeping.keep(self.found, SOURCE, secret, name)
        output.tell(f"the secret is kept as {name!r} of {SOURCE}")

    def made(self, kind: str, id: str, path: str, about: str) -> None:
        """Remember what was made, for `clean-up`."""
        from receiver.platforms import created

        if not self.dry:
            created.note(self.folder, created.Creation(SOURCE, kind, id, path, about))


@contextmanager
def asked(
    api: str | None,
    token_file: Path | None,
    dry: bool,
    config: Path | None,
    store_dir: Path | None,
    account: str | None = None,
    user: str | None = None,
) -> Iterator[Desk]:
    from receiver import configured
    from receiver.platforms.gridx import BASE, Gridx, Identity

    found = opening.configuration(config, store_dir=store_dir)
    token = desk.token(TOKEN, token_file, dry)
    gridx = Gridx(token, api or BASE, told=desk.show if dry else None, dry=dry)
    try:
        who = Identity(user, account) if user and account else gridx.whoami()
        who = Identity(user or who.user, account or who.account)
        yield Desk(gridx, who, found, configured.contract(found), dry)
    finally:
        gridx.close()


def remove(at: Desk, id: str, path: str) -> None:
    from receiver.platforms import created

    at.api.remove(path)
    if not at.dry:
        created.forget(at.folder, created.Creation(SOURCE, "", id, path))
        output.line(f"removed {id}")


def webhook(rule: dict[str, Any]) -> dict[str, Any]:
    kind = rule.get("notificationType")
    webhook = kind.get("webhook") if isinstance(kind, dict) else None
    return webhook if isinstance(webhook, dict) else {}


def tell(columns: tuple[str, ...], rows: list[tuple[Any, ...]], as_json: bool) -> None:
    if as_json:
        for row in rows:
            output.record(dict(zip(columns, row, strict=True)))
    else:
        output.table(columns, rows, empty="there are none")
