"""`receiver events`: read what is kept, follow what comes in.

Must not know: how the inbox keeps events.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from receiver.cli import moments, opening, options, output
from receiver.cli.dossier import collect, find, print_dossier, summary
from receiver.cli.explain import explain as explain_command
from receiver.cli.replay import replay
from receiver.cli.selecting import COLUMNS, chosen, row
from receiver.cli.tail import tail
from receiver.errors import ConfigError, ReceiverError

if TYPE_CHECKING:
    from receiver.inbox import Query
    from receiver.settings import Configuration

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Read the inbox.")

app.command("tail", short_help="Follow events as they come in.")(tail)
app.command("explain", short_help="Say where an event is, on each route, and why.")(explain_command)
app.command("replay", short_help="Have routes deliver old events again.")(replay)


class State(StrEnum):
    """Which of the kept events: see receiver.inbox.State."""

    ACCEPTED = "accepted"
    QUARANTINED = "quarantined"
    RELEASED = "released"
    WAITING = "waiting"
    DEAD = "dead"


@app.command("list")
def list_events(
    types: options.Types = None,
    source: options.Sources = None,
    node: options.Nodes = None,
    user: options.Users = None,
    since: options.Since = None,
    until: options.Until = None,
    text: options.Text = None,
    state: Annotated[
        State,
        typer.Option(
            "--state",
            help="Which of them. waiting: a route will try again; dead: a route has given up.",
        ),
    ] = State.ACCEPTED,
    before: Annotated[
        int | None,
        typer.Option("--before", metavar="SEQ", min=1, help="Only before this position: page on."),
    ] = None,
    limit: options.Limit = 50,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """List kept events, the newest last.

    \b
    Examples:
      receiver events list --since 1h
      receiver events list --type 'appliance/*' --node 1234 --json
      receiver events list --state dead --since 2h
      receiver events list --limit 500 --before 81234
    """
    query = chosen(types, source, node, user, text)
    now = datetime.now(UTC)
    query = replace(
        query,
        state=state.value,
        since=moments.read(since, now),
        until=moments.read(until, now),
        before=before,
        newest_first=True,
        limit=limit,
    )
    found = opening.configuration(config, store_dir=store_dir)
    stored = list(reversed(opening.with_inbox(found, lambda inbox: inbox.read(query))))
    if not stored:
        explain(found, query)
    if as_json:
        output.structure([summary(event) for event in stored])
    else:
        output.table(COLUMNS, [row(event) for event in stored], empty="no such events")
    if len(stored) == limit:
        first = stored[0].seq or stored[0].place
        output.tell(f"these are the newest {limit}; older ones: --before {first}")


@app.command("show", short_help="Show one event, and what each route made of it.")
def show(
    event_id: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="An event's id, the first 8 or more characters of it, or its position (seq).",
        ),
    ],
    raw: Annotated[
        bool, typer.Option("--raw", help="Print the payload byte for byte, and nothing else.")
    ] = False,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Show one event: envelope, payload, proof, what each route made of it, attempt by attempt.

    \b
    Examples:
      receiver events show 17
      receiver events show 17 --raw | sha256sum
      receiver events show 0198c0de-0000-7000-8000-000000000000 --json
    """
    found = opening.configuration(config, store_dir=store_dir)
    if raw:
        event = opening.with_inbox(found, lambda inbox: find(inbox, event_id))
        sys.stdout.buffer.write(event.raw)
        sys.stdout.flush()
        return
    catalogue = opening.catalogue(found)
    dossier = opening.with_inbox(
        found, lambda inbox: collect(inbox, event_id, catalogue, found.store_path.parent)
    )
    if as_json:
        output.structure(dossier.plain())
    else:
        print_dossier(dossier)


def explain(found: Configuration, query: Query) -> None:
    """Tell what of a query that found nothing is unknown to the contract.

    A source or a type that has gone from it may still have events, so this is asked last. Raises
    ReceiverError for an unknown source.
    """
    from receiver.patterns import EXCLUDES, Patterns
    from receiver.settings import nearest, nearest_of

    try:
        contract = opening.catalogue(found).contract
    except ConfigError:
        return  # without a contract there is no more to say
    for source in query.sources:
        if source not in contract.sources:
            advice = nearest_of(source, sorted(contract.sources), "sources:")
            raise ReceiverError(f"there is no source {source!r}; {advice}")
    names = sorted({event.name for event in contract.events})
    for pattern in query.types:
        wanted = Patterns([pattern.removeprefix(EXCLUDES)])
        if not any(wanted.match(name) for name in names):
            near = nearest(pattern, names, "see: receiver spec show")
            output.tell(f"{pattern!r} matches no event type of the contract; {near}")
