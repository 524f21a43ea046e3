"""`receiver users`: who may log in to the management API.

Must not know: how a password is kept, what a role may do.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from receiver.cli import choice, opening, options, output, terminal
from receiver.errors import ReceiverError

if TYPE_CHECKING:
    from receiver.management.accounts import Accounts

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Who may log in.")

COLUMNS = ("name", "role", "id", "nodes", "created")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Their name.")]


@app.command("list")
def list_users(
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """List all users.

    \b
    Example:
      receiver users list --json
    """

    async def read(accounts: Accounts) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await accounts.list_users(terminal.caller()))["users"]
        return found

    users = terminal.with_accounts(opening.configuration(config, store_dir=store_dir), read)
    if as_json:
        for user in users:
            output.record(user)
        return
    rows = [[user[column] for column in COLUMNS] for user in users]
    output.table(COLUMNS, rows, empty="no users; make one: receiver users create --help")


@app.command("create", short_help="Make a user; their password is asked for, or read.")
def create_user(
    name: Name,
    role: Annotated[
        str, typer.Option("--role", metavar="ROLE", help="superadmin, admin or user.")
    ] = "user",
    id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="What events call them; else NAME.")
    ] = None,
    nodes: Annotated[
        list[str] | None,
        typer.Option("--node", metavar="PATTERN", help="Nodes that are theirs; repeatable."),
    ] = None,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Make a user; asks for their password, or reads it from standard input.

    \b
    Examples:
      receiver users create root --role superadmin
      receiver users create ann --id 123 --node 'house-7-*' < password.txt
    """
    from receiver.decisions import ROLES

    if role not in ROLES:
        raise typer.BadParameter(f"{role!r} is no role: {', '.join(ROLES)}")
    password = _password()

    async def make(accounts: Accounts) -> None:
        who = terminal.caller().name
        await accounts.enrol(name, password, role, id=id, nodes=tuple(nodes or ()), who=who)

    terminal.with_accounts(opening.configuration(config, store_dir=store_dir), make)
    output.tell(f"{name} may log in as {role}")


@app.command("passwd", short_help="Give a user another password, and log them out.")
def change_password(
    name: Name, config: options.Config = None, store_dir: options.StoreDir = None
) -> None:
    """Give a user another password; whoever is logged in as them is logged out.

    \b
    Example:
      receiver users passwd ann
    """
    password = _password()

    async def change(accounts: Accounts) -> None:
        await accounts.repass(name, password, who=terminal.caller().name)

    terminal.with_accounts(opening.configuration(config, store_dir=store_dir), change)
    output.tell(f"{name} has another password")


@app.command("remove")
def remove_user(
    name: Name,
    yes: options.Yes = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Remove a user, their tokens and their hooks.

    \b
    Example:
      receiver users remove ann --yes
    """
    if not choice.agreed(f"remove {name}, and every token of theirs?", yes):
        raise ReceiverError("nothing was removed")

    async def remove(accounts: Accounts) -> None:
        await accounts.dismiss(name, who=terminal.caller().name)

    terminal.with_accounts(opening.configuration(config, store_dir=store_dir), remove)
    output.tell(f"{name} is removed")


def _password() -> str:
    """A password: asked for twice on a terminal, else a line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password: str = typer.prompt("password", hide_input=True, confirmation_prompt=True, err=True)
    return password
