"""`receiver platform rainmaker filter`: which events the deployment sends at all.

Must not know: how the API is asked.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from receiver.cli import opening, options
from receiver.cli.platforms import desk
from receiver.cli.platforms.rainmakerdesk import SOURCE, Base, answered, asked, done
from receiver.errors import ReceiverError

if TYPE_CHECKING:
    from receiver.contract import EventType

filters = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, help="Event filters: System, then User, then Node."
)

AsUser = Annotated[
    bool, typer.Option("--as-user", help="Ask as an end user, not as a super admin.")
]


class Level(StrEnum):
    """Where an event may be filtered."""

    SYSTEM = "system"
    USER = "user"
    NODE = "node"


@filters.command("set")
def set_filter(
    events: desk.Events = None,
    level: Annotated[Level, typer.Option("--level", help="Of what it is.")] = Level.SYSTEM,
    entity: Annotated[
        str, typer.Option("--entity", metavar="ID", help="The user's or node's id.")
    ] = "",
    enabled: Annotated[bool, typer.Option("--on/--off", help="Whether events are sent.")] = True,
    integrations: Annotated[
        list[str] | None,
        typer.Option("--integration", metavar="SERVICE", help="For which; repeatable."),
    ] = None,
    as_user: AsUser = False,
    api: Base = None,
    token_file: desk.TokenFile = None,
    dry_run: desk.DryRun = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Enable or disable events for the system, one user, or one node.

    \b
    Examples:
      receiver platform rainmaker filter set --events '*.node_connected' --integration receiver
      receiver platform rainmaker filter set --events '*.node_*' --level node --entity ID --off
    """
    from receiver import configured

    found = opening.configuration(config, store_dir=store_dir)
    if level is not Level.SYSTEM and not entity:
        raise typer.BadParameter(f"say which {level.value}", param_hint="--entity")
    if enabled and not integrations:
        raise typer.BadParameter(
            "an event is sent to those that are named only", param_hint="--integration"
        )
    wanted = desk.chosen(configured.contract(found), SOURCE, events)
    _refuse_ineligible(wanted, level.value)
    with asked(api, token_file, dry_run, found) as client:
        for event in wanted:
            client.set_filter(
                event.name,
                level.value,
                entity,
                enabled=enabled,
                integrations=integrations or [],
                admin=not as_user,
            )
            done(f"{event.name}: {'on' if enabled else 'off'} for the {level.value}", dry_run)


def _refuse_ineligible(wanted: list[EventType], level: str) -> None:
    """Raise ReceiverError for event types that the platform does not filter at a level."""
    without = [event.name for event in wanted if level not in event.filters]
    if without:
        few = ", ".join(without[:3])
        raise ReceiverError(
            f"the platform does not filter these for a {level}: {few}; leave them out"
        )


@filters.command("list")
def list_filters(
    event: Annotated[str | None, typer.Option("--event", help="Only of this event type.")] = None,
    level: Annotated[Level | None, typer.Option("--level", help="Only of this level.")] = None,
    entity: Annotated[str | None, typer.Option("--entity", help="Only of this id.")] = None,
    as_user: AsUser = False,
    api: Base = None,
    token_file: desk.TokenFile = None,
    dry_run: desk.DryRun = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Show event filters, as the platform answers them.

    \b
    Example:
      receiver platform rainmaker filter list --level system
    """
    found = opening.configuration(config, store_dir=store_dir)
    with asked(api, token_file, dry_run, found) as client:
        answered(
            client.filters(event, level.value if level else None, entity, admin=not as_user),
            dry_run,
        )
