"""`receiver quarantine`: authentic events that break the spec; released once the spec knows them.

Must not know: how the inbox keeps them, or how they are judged.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from receiver.cli import choice, moments, opening, options, output
from receiver.cli.events import explain
from receiver.cli.progress import Progress
from receiver.cli.release import Done, let_in, named, pages
from receiver.cli.selecting import chosen
from receiver.errors import ReceiverError

if TYPE_CHECKING:
    from receiver.cli.shapes import Shape
    from receiver.inbox import Inbox, Query, Stored

app = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, help="Events that break the spec: read, release."
)

COLUMNS = ("id", "received", "source", "type", "node", "problems")
SHAPES = ("count", "source", "type", "field", "problem", "seen", "first", "last", "example")


@app.command("list", short_help="List what breaks the spec, by its shape.")
def list_quarantine(
    types: options.Types = None,
    source: options.Sources = None,
    node: options.Nodes = None,
    since: options.Since = None,
    until: options.Until = None,
    text: options.Text = None,
    events: Annotated[bool, typer.Option("--events", help="Each event, the newest last.")] = False,
    limit: options.Limit = 50,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """List what is in quarantine by the shape of what is wrong: which field, what was seen there.

    \b
    Examples:
      receiver quarantine list
      receiver quarantine list --type 'appliance/*' --since 1d --json
      receiver quarantine list --events --limit 5
    """
    query = _query(types, source, node, since, until, text)
    found = opening.configuration(config, store_dir=store_dir)
    if events:
        newest = replace(query, newest_first=True, limit=limit)
        stored = list(reversed(opening.with_inbox(found, lambda inbox: inbox.read(newest))))
        if not stored:
            explain(found, query)
        _print_events(stored, as_json)
        return
    shapes = opening.with_inbox(found, lambda inbox: _shapes(inbox, query))
    if not shapes:
        explain(found, query)
    if as_json:
        output.structure([shape.plain() for shape in shapes[:limit]])
        return
    rows = [tuple(shape.plain().values()) for shape in shapes[:limit]]
    output.table(SHAPES, [(row[5], *row[:5], *row[6:]) for row in rows], empty=EMPTY)


EMPTY = "the quarantine is empty"


@app.command("show", short_help="Show one quarantined event, and whether the spec knows it now.")
def show(
    event_id: Annotated[str, typer.Argument(metavar="ID", help="An event's id, or its start.")],
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Show one quarantined event with its problems of then and by the spec of now.

    \b
    Examples:
      receiver quarantine show 0198c0de
      receiver quarantine show 0198c0de-0000-7000-8000-000000000000 --json
    """
    from receiver.cli.dossier import find, payload, summary
    from receiver.rejudgement import Rejudgement

    found = opening.configuration(config, store_dir=store_dir)
    event = opening.with_inbox(found, lambda inbox: find(inbox, event_id))
    if event.seq is not None:
        raise ReceiverError(f"event {event_id} is not in quarantine; see: receiver events show")
    now = Rejudgement(opening.catalogue(found)).of(event)
    if as_json:
        told = summary(event)
        output.structure({**told, "problems_now": now.problems, "releasable": not now.problems})
        return
    for name, value in zip(COLUMNS[:-1], _row(event)[:-1], strict=True):
        output.line(f"{name:<10} {output.cell(value)}")
    for title, problems in (("problems then", event.problems), ("problems now", now.problems)):
        output.line(title)
        for problem in problems or ("none: receiver quarantine release would let it in",):
            output.line(f"  {output.printable(problem)}")
    output.line("payload")
    output.line(payload(event.raw))


@app.command("release", short_help="Let in what the present spec knows.")
def release(
    ids: options.Ids = None,
    types: options.Types = None,
    source: options.Sources = None,
    node: options.Nodes = None,
    since: options.Since = None,
    until: options.Until = None,
    text: options.Text = None,
    everything: options.All = False,
    conflicts: Annotated[
        bool, typer.Option("--conflicts", help="Also what came with the id of another event.")
    ] = False,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Judge quarantined events by the present spec, and let in those that it knows.

    Each keeps its id and its time of receipt, comes to the end of the inbox, once, and is marked
    released. What is still wrong stays, with its problems of now. When interrupted, run it again.

    \b
    Examples:
      receiver quarantine release --all --dry-run
      receiver quarantine release --type 'appliance/*' --since 1d
      receiver quarantine release 0198c0de --yes --json
    """
    from receiver.rejudgement import Rejudgement

    query = _query(types, source, node, since, until, text)
    narrow = bool(types or source or node or since or until or text)
    choice.needed(ids, narrow, everything, "events")
    found = opening.configuration(config, store_dir=store_dir)
    rejudgement = Rejudgement(opening.catalogue(found), conflicts=conflicts)

    async def work(inbox: Inbox) -> Done:
        events = await named(inbox, ids) if ids else pages(inbox, query)
        figures = await inbox.figures()
        what = output.count(len(ids), "event") if ids else "what is meant"
        question = f"release {what}, of {figures.quarantined} in quarantine?"
        if not dry_run and not choice.agreed(question, yes):
            return Done(dry=dry_run)
        return await let_in(inbox, events, rejudgement, dry_run)

    done = opening.with_inbox(found, work)
    if as_json:
        output.structure(done.plain())
    else:
        output.line(done.said())
    if done.interrupted:
        raise typer.Exit(130)


async def _shapes(inbox: Inbox, query: Query) -> list[Shape]:
    """The shapes of what a query finds, the most frequent first."""
    from receiver.cli.shapes import shapes

    known: dict[Any, Shape] = {}
    counted = 0
    with Progress() as progress:
        async for page in pages(inbox, query):
            shapes(page, known)
            counted += len(page)
            progress.show(f"{counted} events")
    return sorted(known.values(), key=lambda shape: -shape.count)


def _query(
    types: list[str] | None,
    source: list[str] | None,
    node: list[str] | None,
    since: str | None,
    until: str | None,
    text: str | None,
) -> Query:
    now = datetime.now(UTC)
    return replace(
        chosen(types, source, node, None, text),
        state="quarantined",
        since=moments.read(since, now),
        until=moments.read(until, now),
    )


def _print_events(stored: list[Stored], as_json: bool) -> None:
    from receiver.cli.dossier import summary

    if as_json:
        output.structure([summary(event) for event in stored])
    else:
        output.table(COLUMNS, [_row(event) for event in stored], empty=EMPTY)


def _row(event: Stored) -> tuple[Any, ...]:
    return event.id, event.received_at, event.source, event.type, event.node, event.problems
