"""`receiver dead`: what routes have given up on, and why; to be tried again, or let go of.

Must not know: how the inbox keeps dead letters, or who delivers.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from receiver.cli import choice, opening, options, output
from receiver.cli.letters import Filters, Letters, change, chosen, filters
from receiver.errors import ReceiverError

if TYPE_CHECKING:
    from receiver.inbox import DeadLetter, Inbox

app = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, help="Dead letters: read, try again, let go."
)

COLUMNS = ("seq", "id", "route", "type", "node", "buried", "attempts", "why")

Why = Annotated[
    str | None,
    typer.Option("--why", metavar="TEXT", help="Only with TEXT in the reason; any case."),
]


@app.command("list", short_help="List dead letters, and why each is one.")
def list_dead(
    route: options.Route = None,
    types: options.Types = None,
    source: options.Sources = None,
    node: options.Nodes = None,
    user: options.Users = None,
    since: options.Since = None,
    until: options.Until = None,
    text: options.Text = None,
    why: Why = None,
    limit: options.Limit = 100,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """List dead letters, each with the reason why its route gave up.

    \b
    Examples:
      receiver dead list
      receiver dead list --route archive --why Timeout --since 2h --json
    """
    found = opening.configuration(config, store_dir=store_dir)
    wanted = filters(route, types, source, node, user, since, until, text, why)
    letters = opening.with_inbox(found, lambda inbox: chosen(inbox, wanted, found, limit))
    if as_json:
        output.structure([plain(letter) for letter in letters])
        return
    output.table(COLUMNS, [_row(letter) for letter in letters], empty="no dead letters")
    if len(letters) == limit:
        output.tell(f"these are the first {limit}; more: --limit")


@app.command("show", short_help="Show one dead letter, with its traceback and payload.")
def show(
    event_id: Annotated[str, typer.Argument(metavar="ID", help="An event's id or position.")],
    route: options.Route = None,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Show an event's dead letters: why each route gave up, where it was raised, the payload.

    \b
    Examples:
      receiver dead show 17
      receiver dead show 0198c0de --route archive --json
    """
    from receiver.cli.dossier import find, payload

    found = opening.configuration(config, store_dir=store_dir)

    async def read(inbox: Inbox) -> list[DeadLetter]:
        event = await find(inbox, event_id)
        letters = await inbox.dead_letters(route=route, after=(event.seq or 1) - 1, limit=1)
        return [letter for letter in letters if letter.event.id == event.id]

    letters = opening.with_inbox(found, read)
    if not letters:
        where = f" of route {route!r}" if route else ""
        raise ReceiverError(f"event {event_id} is no dead letter{where}; see: receiver events show")
    if as_json:
        output.structure([plain(letter) for letter in letters])
        return
    for letter in letters:
        for name, value in zip(COLUMNS, _row(letter), strict=True):
            output.line(f"{name:<10} {output.cell(value)}")
        if letter.failure.traceback:
            output.line(output.printable(letter.failure.traceback.rstrip(), keep="\n"))
    output.line("payload")
    output.line(payload(letters[0].event.raw))


@app.command("retry", short_help="Have routes try dead letters again.")
def retry(
    ids: options.Ids = None,
    route: options.Route = None,
    types: options.Types = None,
    source: options.Sources = None,
    node: options.Nodes = None,
    user: options.Users = None,
    since: options.Since = None,
    until: options.Until = None,
    text: options.Text = None,
    why: Why = None,
    everything: options.All = False,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Have routes try dead letters again: one, by filter, or all.

    Each begins with attempt 1 and goes before what is open of its node; a process that delivers
    takes it up within a second. When interrupted, what was not asked for yet stays dead.

    \b
    Examples:
      receiver dead retry 17
      receiver dead retry --route archive --since 2h --why Timeout
      receiver dead retry --all --yes --json
    """
    wanted = filters(route, types, source, node, user, since, until, text, why)
    _change(Letters.RETRY, ids, wanted, everything, yes, dry_run, as_json, config, store_dir)


@app.command("drop", short_help="Let go of dead letters.")
def drop(
    ids: options.Ids = None,
    route: options.Route = None,
    types: options.Types = None,
    source: options.Sources = None,
    node: options.Nodes = None,
    user: options.Users = None,
    since: options.Since = None,
    until: options.Until = None,
    text: options.Text = None,
    why: Why = None,
    everything: options.All = False,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Let go of dead letters: they are listed no more, and no longer keep their events.

    \b
    Examples:
      receiver dead drop 17 --route archive
      receiver dead drop --type 'appliance/*' --until 7d --yes
    """
    wanted = filters(route, types, source, node, user, since, until, text, why)
    _change(Letters.DROP, ids, wanted, everything, yes, dry_run, as_json, config, store_dir)


def _change(
    what: Letters,
    ids: list[str] | None,
    wanted: Filters,
    everything: bool,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    config: Any,
    store_dir: Any,
) -> None:
    # With ids, --route says which of their dead letters; alone, it is a filter like the others.
    choice.needed(ids, wanted.narrow(bool(ids)), everything, "dead letters")
    found = opening.configuration(config, store_dir=store_dir)
    done = opening.with_inbox(
        found, lambda inbox: change(inbox, what, found, ids or [], wanted, yes=yes, dry=dry_run)
    )
    if as_json:
        output.structure(done.plain())
    else:
        output.line(done.said())
    if done.interrupted:
        raise typer.Exit(130)


def plain(letter: DeadLetter) -> dict[str, Any]:
    """A dead letter as plain values, for JSON."""
    from receiver.cli.dossier import summary

    return {
        "route": letter.route,
        "attempts": letter.attempts,
        "buried_at": letter.buried_at,
        "failure": asdict(letter.failure),
        "event": summary(letter.event),
    }


def _row(letter: DeadLetter) -> tuple[Any, ...]:
    from receiver.cli.dossier import wording

    event = letter.event
    why = re.sub(r"\s+", " ", wording(letter.failure))
    told = (event.seq, event.id, letter.route, event.type, event.node)
    return (*told, letter.buried_at, letter.attempts, why)
