"""`receiver platform rainmaker`: login, integrations, subscriptions to its topics.

Must not know: how the APIs are asked, how allowed topics are kept.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from receiver.cli import opening, options, output
from receiver.cli.platforms import desk
from receiver.cli.platforms.rainmakerdesk import (
    KEPT_TOKEN,
    SOURCE,
    Base,
    address,
    answered,
    asked,
    done,
)
from receiver.cli.platforms.rainmakerfilters import filters
from receiver.errors import ReceiverError

if TYPE_CHECKING:
    from receiver.keptsecrets import Kept
    from receiver.settings import Configuration

PASSWORD = "RAINMAKER_PASSWORD"  # noqa: S105 (a variable's name)
WAIT = 60.0

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="ESP RainMaker.")
integration = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, help="Webhook integrations, as a super admin."
)
app.add_typer(integration, name="integration")
app.add_typer(filters, name="filter")


@app.command("login", short_help="Log in, and keep the token for the other commands.")
def login(
    user: Annotated[str, typer.Argument(metavar="USER", help="The user's name or e-mail.")],
    api: Base = None,
    dry_run: desk.DryRun = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Log in, and keep the access token beside the inbox for the other commands.

    \b
    Example:
      receiver platform rainmaker login admin@example.org --api https://api.example.org
    """
    from receiver.keptsecrets import private_folder
    from receiver.platforms.rainmaker import Rainmaker

    found = opening.configuration(config, store_dir=store_dir)
    password = desk.token(PASSWORD, None, dry_run)
    client = Rainmaker(address(api), told=desk.show if dry_run else None, dry=dry_run)
    try:
        token = client.login(user, password)
    finally:
        client.close()
    if dry_run:
        return
    folder = found.store_path.parent
    private_folder(folder)
    path = folder / KEPT_TOKEN
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(token + "\n")
    output.line(f"logged in as {user}; the token is in {path}")


@integration.command("add")
def add_integration(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Its unique name.")],
    endpoint: Annotated[str, typer.Argument(metavar="ENDPOINT", help="The name of its endpoint.")],
    enabled: Annotated[bool, typer.Option("--enabled/--disabled", help="Whether it is on.")] = True,
    api: Base = None,
    token_file: desk.TokenFile = None,
    dry_run: desk.DryRun = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Make a webhook integration known to the deployment.

    \b
    Example:
      receiver platform rainmaker integration add receiver receiver
    """
    found = opening.configuration(config, store_dir=store_dir)
    with asked(api, token_file, dry_run, found) as client:
        client.add_integration(service, endpoint, enabled=enabled)
    done(f"the integration {service} is there", dry_run)


@integration.command("list")
def list_integrations(
    service: Annotated[str | None, typer.Option("--service", help="Only of this name.")] = None,
    endpoint: Annotated[str | None, typer.Option("--endpoint", help="Only of this one.")] = None,
    api: Base = None,
    token_file: desk.TokenFile = None,
    dry_run: desk.DryRun = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Show the integrations, as the platform answers them.

    \b
    Example:
      receiver platform rainmaker integration list --service receiver
    """
    found = opening.configuration(config, store_dir=store_dir)
    with asked(api, token_file, dry_run, found) as client:
        answered(client.integrations(service, endpoint), dry_run)


@integration.command("remove")
def remove_integration(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Its unique name.")],
    endpoint: Annotated[str, typer.Argument(metavar="ENDPOINT", help="The name of its endpoint.")],
    yes: desk.Yes = False,
    api: Base = None,
    token_file: desk.TokenFile = None,
    dry_run: desk.DryRun = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Remove a webhook integration.

    \b
    Example:
      receiver platform rainmaker integration remove receiver receiver
    """
    desk.certain(f"Remove the integration {service}?", yes, dry_run)
    found = opening.configuration(config, store_dir=store_dir)
    with asked(api, token_file, dry_run, found) as client:
        client.remove_integration(service, endpoint)
    done(f"removed {service}", dry_run)


@app.command("subscribe", short_help="Subscribe this receiver to the topics of events.")
def subscribe(
    url: desk.ToUrl,
    events: desk.Events = None,
    region: Annotated[
        str | None, typer.Option("--region", metavar="REGION", help="Else that of AWS's settings.")
    ] = None,
    wait: Annotated[
        float, typer.Option("--wait", min=0, help="Seconds that each confirmation may take.")
    ] = WAIT,
    endpoint: Annotated[
        str | None, typer.Option("--aws-endpoint", metavar="URL", help="Another SNS than AWS's.")
    ] = None,
    dry_run: desk.DryRun = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Subscribe this receiver to the topics of events, and see each subscription confirmed.

    The topics are allowed first, so that a receiver that runs confirms them. AWS credentials are
    those of its own tools; they need sns:ListTopics, sns:Subscribe, sns:GetSubscriptionAttributes.

    \b
    Examples:
      receiver platform rainmaker subscribe --url https://receiver.example.org
      receiver platform rainmaker subscribe --url https://r.example.org --events '*.alert'
    """
    from receiver import configured
    from receiver.platforms import topics

    found = opening.configuration(config, store_dir=store_dir)
    contract = configured.contract(found)
    wanted = desk.chosen(contract, SOURCE, events, everything=True)
    paths = [o.path for o in contract.operations if (o.source, o.transport) == (SOURCE, "sns")]
    target = desk.public(url) + paths[0]
    names = {event.topic: event.name for event in wanted if event.topic}
    if dry_run:
        for name in names:
            output.line(f"sns Subscribe {name} {target.partition(':')[0]} {target}")
        return
    aws = topics.Topics(topics.client(region, endpoint))
    there = aws.find(names)
    missing = [name for name in names if name not in there]
    if not there:
        raise ReceiverError(
            "this account and region has none of the topics: is it the deployment's?"
        )
    _allow(found, list(there.values()))
    pending = []
    for name, arn in there.items():
        confirmed = aws.subscribe_confirmed(arn, target, wait)
        output.line(f"{names[name]}  {arn}  {'confirmed' if confirmed else 'pending'}")
        pending += [] if confirmed else [arn]
    if missing:
        output.tell(f"not there: {', '.join(missing)}")
    if pending:
        raise ReceiverError(
            f"{len(pending)} of {len(there)} are not confirmed: does {target} lead here?"
        )


def _allow(found: Configuration, arns: list[str]) -> None:
    """Allow topics; a receiver that runs takes it up within a second."""
    from receiver import keptsecrets

    def alter(kept: Kept) -> Kept:
        return replace(kept, topics=tuple(dict.fromkeys((*kept.topics, *arns))))

    keptsecrets.change(found.store_path.parent, SOURCE, alter)
