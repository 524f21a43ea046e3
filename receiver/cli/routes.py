"""`receiver routes`: how each route is doing; try, pause, resume and drain one.

Must not know: how a route is run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from receiver.cli import opening, options, output, probing
from receiver.cli.draining import Drained, drain
from receiver.cli.routing import Row, rows
from receiver.cli.wanting import check, configured
from receiver.errors import ReceiverError

if TYPE_CHECKING:
    from receiver.dispatch.probe import Probe
    from receiver.inbox import Inbox
    from receiver.inbox.steering import Flow
    from receiver.settings import Configuration

app = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, help="Look at routes; try, pause, drain one."
)

COLUMNS = ("route", "sink", "state", "lag", "rate", "waiting", "held", "dead", "last error")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The route.")]
Seconds = Annotated[
    float, typer.Option("--deadline", metavar="SECONDS", min=0.0, help="Wait no longer.")
]


@app.command("list", short_help="List routes, and how each is doing.")
def list_routes(
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """List routes: state, lag, rate, what waits, what is dead, the last error.

    \b
    Examples:
      receiver routes list
      receiver routes list --json | jq '.[] | select(.lag > 1000)'
    """
    found = opening.configuration(config, store_dir=store_dir)
    made = opening.with_inbox(found, lambda inbox: rows(inbox, found))
    if as_json:
        output.structure([row.plain() for row in made])
    else:
        output.table(COLUMNS, [_cells(row) for row in made], empty="no routes")


@app.command("test", short_help="Deliver one sample event now, and show what comes of it.")
def try_route(
    name: Name,
    event_type: Annotated[
        str | None,
        typer.Option("--type", metavar="TYPE", help="The event type; else the first it wants."),
    ] = None,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
    plugins_dir: options.PluginsDir = None,
) -> None:
    """Deliver one sample event now, through the real sink with its real settings.

    It is made of the contract's sample and has an id of its own; it is not kept in the inbox, and
    there is one attempt.

    \b
    Examples:
      receiver routes test archive
      receiver routes test archive --type appliance/online --json
    """
    found = opening.configuration(config, store_dir=store_dir, plugins_dir=plugins_dir)
    every = configured(found)
    check(name, every)
    outcome = probing.probe(every[name], opening.catalogue(found), event_type)
    if as_json:
        output.structure(probing.plain(outcome))
    else:
        _print(outcome)
    if not outcome.delivered:
        raise typer.Exit(1)


@app.command("pause", short_help="Have a route deliver nothing until it is resumed.")
def pause(
    name: Name,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Have a route deliver nothing until it is resumed, over restarts; its backlog is kept.

    \b
    Example:
      receiver routes pause archive
    """
    _steer(opening.configuration(config, store_dir=store_dir), name, "paused", as_json)


@app.command("resume", short_help="Have a route deliver again.")
def resume(
    name: Name,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Have a route deliver again, from where it was.

    \b
    Example:
      receiver routes resume archive
    """
    _steer(opening.configuration(config, store_dir=store_dir), name, "running", as_json)


@app.command("drain", short_help="Wait until a route has nothing left to deliver.")
def drain_route(
    name: Name,
    hold: Annotated[
        bool,
        typer.Option("--hold", help="Begin nothing new: finish what is open, and pause it then."),
    ] = False,
    deadline: Seconds = 3600.0,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Wait until a route has nothing left to deliver; ends with 1 when that takes too long.

    With --hold nothing new is begun meanwhile: what was begun and what waits for another attempt
    is delivered or given up, then the route is paused. Ctrl-C waits no longer; with --hold it
    lets the route go on as before.

    \b
    Examples:
      receiver routes drain archive --deadline 600
      receiver routes drain archive --hold --json
    """
    found = opening.configuration(config, store_dir=store_dir)

    async def work(inbox: Inbox) -> Drained:
        await _known(inbox, found, name)
        return await drain(inbox, name, found.store_path.parent, hold=hold, seconds=deadline)

    outcome = opening.with_inbox(found, work)
    if as_json:
        output.structure(outcome.plain())
    else:
        output.line(outcome.said())
    if outcome.interrupted:
        raise typer.Exit(130)
    if not outcome.empty:
        raise typer.Exit(1)


def _steer(found: Configuration, name: str, flow: Flow, as_json: bool) -> None:
    from datetime import UTC, datetime

    async def work(inbox: Inbox) -> None:
        await _known(inbox, found, name)
        if not await inbox.steer(name, flow, at=datetime.now(UTC)):
            raise ReceiverError(f"the store does not know route {name!r} yet: start receiver once")

    opening.with_inbox(found, work)
    if as_json:
        output.structure({"route": name, "flow": flow})
    else:
        output.line(f"{name}: {flow}; who delivers takes it up within a second")


async def _known(inbox: Inbox, found: Configuration, name: str) -> None:
    known = {place.route for place in await inbox.places()} | set(found.settings.routes)
    check(name, known)


def _cells(row: Row) -> tuple[Any, ...]:
    return (
        row.route,
        row.sink,
        row.words(),
        row.lag,
        row.rate,
        row.waiting,
        row.held,
        row.dead,
        row.last_error,
    )


def _print(outcome: Probe) -> None:
    output.line(f"{outcome.route}: {probing.said(outcome)}")
    output.line(f"  event {outcome.type}, id {outcome.event_id}")
    if outcome.failure is not None and outcome.failure.traceback:
        output.line(output.printable(outcome.failure.traceback.rstrip(), keep="\n"))
