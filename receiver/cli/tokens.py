"""`receiver tokens`: what programs prove to the management API who they are by.

Must not know: how a token is kept.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from receiver.cli import opening, options, output, terminal

if TYPE_CHECKING:
    from receiver.management.accounts import Accounts

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Tokens of the API's users.")

COLUMNS = ("id", "user", "kind", "label", "created", "expires", "last_used")


@app.command("list")
def list_tokens(
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """List all tokens, without what proves them.

    \b
    Example:
      receiver tokens list --json
    """

    async def read(accounts: Accounts) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await accounts.list_tokens(terminal.caller()))["tokens"]
        return found

    tokens = terminal.with_accounts(opening.configuration(config, store_dir=store_dir), read)
    if as_json:
        for token in tokens:
            output.record(token)
        return
    rows = [[token[column] for column in COLUMNS] for token in tokens]
    output.table(COLUMNS, rows, empty="no tokens; make one: receiver tokens create --help")


@app.command("create")
def create_token(
    user: Annotated[str, typer.Argument(metavar="USER", help="Whose it is.")],
    label: Annotated[str, typer.Option("--label", metavar="TEXT", help="What it is for.")] = "",
    days: Annotated[
        int | None,
        typer.Option("--days", min=1, max=3650, metavar="N", help="How long it lasts."),
    ] = None,
    signing: Annotated[
        bool,
        typer.Option("--signing", help="One whose secret signs requests (SNWS2), never sent."),
    ] = False,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Make a token, and print it: this once.

    \b
    Examples:
      receiver tokens create ann --label laptop --days 90
      receiver tokens create ann --signing
    """

    async def make(accounts: Accounts) -> dict[str, Any]:
        token, secret = await accounts.grant(
            user,
            label=label,
            life=timedelta(days=days) if days else None,
            signing=signing,
            who=terminal.caller().name,
        )
        return {**await accounts.told(token), "secret": secret}

    made = terminal.with_accounts(opening.configuration(config, store_dir=store_dir), make)
    if as_json:
        output.record(made)
        return
    if signing:
        output.tell(f"the token is {made['id']}; its secret, which is not shown again:")
    else:
        output.tell("the token, which is not shown again:")
    output.line(made["secret"])


@app.command("revoke")
def revoke_token(
    id: Annotated[str, typer.Argument(metavar="ID", help="As `receiver tokens list` names it.")],
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """End a token now.

    \b
    Example:
      receiver tokens revoke 0a1b2c3d4e5f6a7b
    """

    async def revoke(accounts: Accounts) -> None:
        await accounts.delete_token(terminal.caller(), id)

    terminal.with_accounts(opening.configuration(config, store_dir=store_dir), revoke)
    output.tell(f"the token {id} is revoked")
