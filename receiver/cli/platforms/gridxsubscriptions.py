"""`receiver platform gridx subscriptions`: today's webhook subscriptions.

Must not know: how the API is asked, how secrets are kept.
"""

from __future__ import annotations

from typing import Annotated

import typer

from receiver.cli import keeping, options, output
from receiver.cli.platforms import arrival, desk
from receiver.cli.platforms.gridxdesk import SOURCE, Account, Desk, asked, remove, tell
from receiver.errors import ReceiverError

WAIT = 30.0
"""Seconds that a ping may take to arrive."""
NOT_SUBSCRIBABLE = ("ping", "commissioning/done")
"""Types that no subscription takes: one is sent on request only, one by older rules only."""

subscriptions = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, help="Webhook subscriptions: today's API."
)

Subscription = Annotated[str, typer.Argument(metavar="ID", help="A subscription's id.")]


@subscriptions.command("list")
def list_subscriptions(
    api: desk.Api = None,
    token_file: desk.TokenFile = None,
    account: Account = None,
    dry_run: desk.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """List the subscriptions of the account.

    \b
    Example:
      receiver platform gridx subscriptions list --json
    """
    with asked(api, token_file, dry_run, None, None, account) as at:
        found = at.api.subscriptions(at.who)
    rows = [
        (one.get("id"), one.get("active"), one.get("targetURL"), one.get("eventTypes"))
        for one in found
    ]
    tell(("id", "active", "url", "events"), rows, as_json)


@subscriptions.command("add", short_help="Subscribe; active once a ping has arrived here.")
def add_subscription(
    url: desk.ToUrl,
    events: desk.Events = None,
    wait: Annotated[
        float, typer.Option("--wait", min=0, help="Seconds that the ping may take.")
    ] = WAIT,
    api: desk.Api = None,
    token_file: desk.TokenFile = None,
    account: Account = None,
    dry_run: desk.DryRun = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Subscribe: inactive at first, its secret kept, pinged, and active once the ping is here.

    \b
    Example:
      receiver platform gridx subscriptions add --url https://abc.share.zrok.io --events 'ev/*'
    """
    with asked(api, token_file, dry_run, config, store_dir, account) as at:
        one_url = max(
            (one for one in at.contract.operations if one.source == SOURCE),
            key=lambda one: len(one.events),
        )
        wanted = [
            event.name
            for event in desk.chosen(at.contract, SOURCE, events, everything=True)
            if event.name not in NOT_SUBSCRIBABLE
        ]
        target = desk.public(url) + one_url.path
        made = at.api.subscribe(at.who, wanted, target)
        id = str(made.get("id", "ID"))
        secret = made.get("secret")
        if not dry_run and not isinstance(secret, str):
            raise ReceiverError(f"the subscription {id} was made, and its secret was not told")
        at.keep(str(secret), f"subscription-{id}")
        at.made("subscription", id, f"{at.api.subscriptions_path(at.who)}/{id}", target)
        _said(at, f"{id}  inactive  {target}")
        arrived = arrival.pinged(
            at.found, SOURCE, "ping", lambda: at.api.ping(at.who, id), 0 if dry_run else wait
        )
        if not arrived and not dry_run:
            raise ReceiverError(
                f"no ping came within {wait:g} s, so {id} stays inactive; does {target} lead here?"
            )
        whole = {"eventTypes": wanted, "targetURL": target, "active": True}
        at.api.update(at.who, id, whole)
        _said(at, f"{id}  active  {target}")


@subscriptions.command("ping")
def ping(
    id: Subscription,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds that it may take.")] = WAIT,
    api: desk.Api = None,
    token_file: desk.TokenFile = None,
    account: Account = None,
    dry_run: desk.DryRun = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Have a ping sent, and see it arrive here.

    \b
    Example:
      receiver platform gridx subscriptions ping ID --wait 60
    """
    with asked(api, token_file, dry_run, config, store_dir, account) as at:
        seconds = 0 if dry_run else wait
        ask = at.api.ping
        if not arrival.pinged(at.found, SOURCE, "ping", lambda: ask(at.who, id), seconds):
            if not dry_run:
                raise ReceiverError(f"no ping came within {wait:g} s")
            return
    output.line("the ping is here")


@subscriptions.command(
    "rotate", short_help="Have a new secret made, and keep it beside the old one."
)
def rotate(
    id: Subscription,
    api: desk.Api = None,
    token_file: desk.TokenFile = None,
    account: Account = None,
    dry_run: desk.DryRun = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Have a new secret made, and keep it; the old one signs as well for three days.

    \b
    Example:
      receiver platform gridx subscriptions rotate ID
    """
    from datetime import UTC, datetime, timedelta

    with asked(api, token_file, dry_run, config, store_dir, account) as at:
        secret = at.api.rotate(at.who, id)
        now = datetime.now(UTC)
        name = f"subscription-{id}-{now:%Y%m%dT%H%M%S}"
        if not dry_run:
            end = now + timedelta(days=3)
            keeping.keep(at.found, SOURCE, secret, name, older_end=end, like=f"subscription-{id}")
            output.line(f"the secret is kept as {name!r}; see: receiver secrets list {SOURCE}")


@subscriptions.command("update")
def update(
    id: Subscription,
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help="The whole target URL.")
    ] = None,
    events: desk.Events = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Whether it sends.")
    ] = None,
    api: desk.Api = None,
    token_file: desk.TokenFile = None,
    account: Account = None,
    dry_run: desk.DryRun = False,
) -> None:
    """Change a subscription; what is not said stays as it is.

    \b
    Example:
      receiver platform gridx subscriptions update ID --inactive
    """
    with asked(api, token_file, dry_run, None, None, account) as at:
        whole = at.api.subscription(at.who, id)
        if url is not None:
            whole["targetURL"] = desk.public(url)
        if events:
            names = [event.name for event in desk.chosen(at.contract, SOURCE, events)]
            whole["eventTypes"] = [name for name in names if name not in NOT_SUBSCRIBABLE]
        if active is not None:
            whole["active"] = active
        at.api.update(at.who, id, whole)
        _said(at, f"{id}  {'active' if whole['active'] else 'inactive'}  {whole['targetURL']}")


@subscriptions.command("remove")
def remove_subscription(
    id: Subscription,
    yes: desk.Yes = False,
    api: desk.Api = None,
    token_file: desk.TokenFile = None,
    account: Account = None,
    dry_run: desk.DryRun = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Remove a subscription.

    \b
    Example:
      receiver platform gridx subscriptions remove ID --yes
    """
    desk.certain(f"Remove the subscription {id}?", yes, dry_run)
    with asked(api, token_file, dry_run, config, store_dir, account) as at:
        remove(at, id, f"{at.api.subscriptions_path(at.who)}/{id}")


def _said(at: Desk, text: str) -> None:
    """Tell what was done, where something was."""
    if not at.dry:
        output.line(text)
