"""`receiver events`: read what is kept, follow what comes in.

Must not know: how the inbox keeps events.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from receiver.cli import moments, opening, options, output
from receiver.cli.dossier import collect, find, print_dossier, summary
from receiver.cli.explain import explain as explain_command
from receiver.cli.replay import replay
from receiver.errors import ConfigError, ReceiverError

if TYPE_CHECKING:
    from receiver.inbox import Inbox, Query, Stored
    from receiver.settings import Configuration

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Read the inbox.")

app.command("explain", short_help="Say where an event is, on each route, and why.")(explain_command)
app.command("replay", short_help="Have routes deliver old events again.")(replay)

COLUMNS = ("seq", "id", "received", "source", "type", "node", "user")
TAIL_SECONDS = 1.0
"""Seconds after which `tail` looks again although nobody woke it."""
TAIL_PAGE = 500


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


@app.command("tail")
def tail(
    types: options.Types = None,
    source: options.Sources = None,
    node: options.Nodes = None,
    user: options.Users = None,
    text: options.Text = None,
    last: Annotated[
        int, typer.Option("--last", "-n", min=0, help="First print so many that are there.")
    ] = 0,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Follow events as they come in, until Ctrl-C.

    \b
    Examples:
      receiver events tail
      receiver events tail --type '*_connected' --json | jq .node
    """
    query = chosen(types, source, node, user, text)
    found = opening.configuration(config, store_dir=store_dir)
    try:
        opening.with_inbox(found, lambda inbox: _follow(inbox, query, last, as_json))
    except KeyboardInterrupt:
        return


async def _follow(inbox: Inbox, query: Query, last: int, as_json: bool) -> None:
    # The end is fixed before the old events are read, so that none falls between the two.
    seen = await inbox.wait(0, 0)
    if last:
        latest = await inbox.read(replace(query, newest_first=True, limit=last))
        _print_new([event for event in reversed(latest) if (event.seq or 0) <= seen], as_json)
    while True:
        newest = await inbox.wait(seen, TAIL_SECONDS)
        while page := await inbox.read(replace(query, after=seen, limit=TAIL_PAGE)):
            _print_new(page, as_json)
            seen = max(event.seq or 0 for event in page)
        seen = max(seen, newest)
        await asyncio.sleep(0)


def _print_new(events: Sequence[Stored], as_json: bool) -> None:
    for event in events:
        if as_json:
            output.record(summary(event))
        else:
            output.line("  ".join(output.cell(value) for value in row(event)))


def chosen(
    types: list[str] | None,
    sources: list[str] | None,
    nodes: list[str] | None,
    users: list[str] | None,
    text: str | None,
) -> Query:
    """The query that a command's filter options mean."""
    from receiver.inbox import Query

    return Query(
        types=tuple(types or ()),
        sources=tuple(sources or ()),
        nodes=tuple(nodes or ()),
        users=tuple(users or ()),
        text=text,
    )


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


def row(event: Stored) -> tuple[Any, ...]:
    """An event in the columns of a list."""
    return (
        event.seq,
        event.id,
        event.received_at,
        event.source,
        event.type,
        event.node,
        event.user,
    )
