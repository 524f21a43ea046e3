"""`receiver platform gridx`: who a token is of, the older rules, and their removal.

Must not know: how the API is asked, how secrets are kept.
"""

from __future__ import annotations

from typing import Annotated

import typer

from receiver.cli import opening, options, output
from receiver.cli.platforms import desk
from receiver.cli.platforms.gridxdesk import SOURCE, Account, User, asked, remove, tell, webhook
from receiver.cli.platforms.gridxsubscriptions import subscriptions
from receiver.errors import ReceiverError

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="gridX (XENON).")
rules = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, help="Notification rules: the older API."
)
app.add_typer(rules, name="rules")
app.add_typer(subscriptions, name="subscriptions")


@app.command("whoami")
def whoami(
    api: desk.Api = None,
    token_file: desk.TokenFile = None,
    dry_run: desk.DryRun = False,
) -> None:
    """Tell the user and the account that the token belongs to.

    \b
    Example:
      GRIDX_TOKEN=… receiver platform gridx whoami
    """
    with asked(api, token_file, dry_run, None, None) as at:
        output.structure({"userID": at.who.user, "accountID": at.who.account})


@rules.command("list")
def list_rules(
    api: desk.Api = None,
    token_file: desk.TokenFile = None,
    account: Account = None,
    user: User = None,
    dry_run: desk.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """List the rules of the user. Their secrets are not shown.

    \b
    Example:
      receiver platform gridx rules list --json
    """
    with asked(api, token_file, dry_run, None, None, account, user) as at:
        found = at.api.rules(at.who)
    rows = [(one.get("id"), one.get("eventType"), webhook(one).get("targetURL")) for one in found]
    tell(("id", "event", "url"), rows, as_json)


@rules.command("add", short_help="Add one rule for each event, to its own path here.")
def add_rules(
    url: desk.ToUrl,
    events: desk.Events = None,
    everything: Annotated[
        bool, typer.Option("--all", help="One rule for each event that has a path of its own.")
    ] = False,
    api: desk.Api = None,
    token_file: desk.TokenFile = None,
    account: Account = None,
    user: User = None,
    dry_run: desk.DryRun = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Add one rule for each event, to its own path here, with a new secret that is kept.

    \b
    Examples:
      receiver platform gridx rules add --url https://abc.share.zrok.io --events appliance/online
      receiver platform gridx rules add --url https://abc.share.zrok.io --all --dry-run
    """
    import secrets

    base = desk.public(url)
    with asked(api, token_file, dry_run, config, store_dir, account, user) as at:
        paths = {
            operation.events[0]: operation.path
            for operation in reversed(at.contract.operations)
            if operation.source == SOURCE and len(operation.events) == 1
        }
        wanted = [
            event.name
            for event in desk.chosen(at.contract, SOURCE, events, everything)
            if event.name in paths
        ]
        if not wanted:
            raise ReceiverError("rules are for events with a path of their own: see `rules add -h`")
        secret = secrets.token_hex(32)
        # Kept first: the first event may come before the answer has.
        at.keep(secret, f"rules-{secrets.token_hex(2)}")
        for event in wanted:
            made = at.api.add_rule(at.who, event, base + paths[event], secret)
            id = str(made.get("id", "ID"))
            at.made("rule", id, f"{at.api.rules_path(at.who)}/{id}", event)
            other = webhook(made).get("secret")
            if isinstance(other, str) and other not in ("", secret):
                at.keep(other, f"rule-{id}")
            if not at.dry:
                output.line(f"{id}  {event}  {base + paths[event]}")


@rules.command("remove")
def remove_rules(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of rules.")],
    yes: desk.Yes = False,
    api: desk.Api = None,
    token_file: desk.TokenFile = None,
    account: Account = None,
    user: User = None,
    dry_run: desk.DryRun = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Remove rules by their ids.

    \b
    Example:
      receiver platform gridx rules remove ID --yes
    """
    desk.certain(f"Remove {output.count(len(ids), 'rule')}?", yes, dry_run)
    with asked(api, token_file, dry_run, config, store_dir, account, user) as at:
        for id in ids:
            remove(at, id, f"{at.api.rules_path(at.who)}/{id}")


@app.command("clean-up", short_help="Remove what was made from here, and nothing else.")
def clean_up(
    yes: desk.Yes = False,
    api: desk.Api = None,
    token_file: desk.TokenFile = None,
    dry_run: desk.DryRun = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Remove the rules and subscriptions that were made from here, and nothing else.

    \b
    Example:
      receiver platform gridx clean-up --dry-run
    """
    from receiver.platforms import created

    found = opening.configuration(config, store_dir=store_dir)
    known = created.read(found.store_path.parent, SOURCE)
    if not known:
        output.tell("nothing was made from here")
        return
    for one in known:
        output.line(f"{one.kind}  {one.id}  {one.about}")
    desk.certain(f"Remove {'it' if len(known) == 1 else f'these {len(known)}'}?", yes, dry_run)
    with asked(api, token_file, dry_run, config, store_dir, "-", "-") as at:
        for one in known:
            remove(at, one.id, one.path)
