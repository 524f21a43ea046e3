"""`receiver events replay`: have routes deliver old events again.

Must not know: how a replay is worked on.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from receiver.cli import choice, moments, opening, options, output
from receiver.cli.replaying import Plan, Watched, ask, count, plain, plans, said, some, turn, watch
from receiver.cli.wanting import wanting
from receiver.errors import ReceiverError

if TYPE_CHECKING:
    from receiver.inbox import Inbox, Query
    from receiver.settings import Configuration

COLUMNS = ("route", "first", "last", "events")

Routes = Annotated[
    list[str] | None,
    typer.Option("--route", metavar="NAME", help="Only to this route; repeatable."),
]
Detach = Annotated[
    bool, typer.Option("--detach", help="Do not wait; `--list` shows how far it is.")
]
Resume = Annotated[
    int | None, typer.Option("--resume", metavar="NUMBER", help="Go on with a halted replay.")
]
Cancel = Annotated[
    int | None, typer.Option("--cancel", metavar="NUMBER", help="End a replay for good.")
]


def replay(
    ids: options.Ids = None,
    types: options.Types = None,
    source: options.Sources = None,
    node: options.Nodes = None,
    user: options.Users = None,
    since: options.Since = None,
    until: options.Until = None,
    text: options.Text = None,
    everything: options.All = False,
    route: Routes = None,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    detach: Detach = False,
    resume: Resume = None,
    cancel: Cancel = None,
    list_them: Annotated[bool, typer.Option("--list", help="List replays.")] = False,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
    plugins_dir: options.PluginsDir = None,
) -> None:
    """Have one route, or each that wants them, deliver old events again.

    They are marked `replay`, go in order per node below new events, and move no route's place.
    Ctrl-C halts a replay; --resume goes on with it. Whoever delivers works on it, also after a
    crash, whether this command waits or not.

    \b
    Examples:
      receiver events replay 17 --route archive
      receiver events replay --type 'appliance/*' --since 2d --until 1d --dry-run
      receiver events replay --node 1234 --since 2h --yes --json
      receiver events replay --resume 3
    """
    found = opening.configuration(config, store_dir=store_dir, plugins_dir=plugins_dir)
    if list_them:
        _list(found, as_json)
        return
    if resume is not None or cancel is not None:
        _turn(found, resume, cancel, detach, as_json)
        return
    filters = bool(types or source or node or user or since or until or text)
    choice.needed(ids, filters, everything, "events")
    query = _query(types, source, node, user, since, until, text)
    routes = wanting(found, route)
    folder = found.store_path.parent

    async def work(inbox: Inbox) -> Watched | list[Plan]:
        asked = await _asked(inbox, ids, query)
        planned = [plan for each in asked for plan in await plans(inbox, each, routes)]
        if dry_run:
            await count(inbox, routes, planned)
            return planned
        names = ", ".join(dict.fromkeys(plan.route for plan in planned))
        if not planned or not choice.agreed(f"deliver again to {names}?", yes or bool(ids)):
            return []
        numbers = await ask(inbox, planned)
        if detach:
            return Watched(await some(inbox, numbers))
        return await watch(inbox, numbers, folder)

    _tell(opening.with_inbox(found, work), as_json, dry_run)


def _query(
    types: list[str] | None,
    source: list[str] | None,
    node: list[str] | None,
    user: list[str] | None,
    since: str | None,
    until: str | None,
    text: str | None,
) -> Query:
    from receiver.cli.selecting import chosen

    now = datetime.now(UTC)
    return replace(
        chosen(types, source, node, user, text),
        since=moments.read(since, now),
        until=moments.read(until, now),
    )


async def _asked(inbox: Inbox, ids: list[str] | None, query: Query) -> list[Query]:
    """What is meant: one query, or one for each event that was named."""
    from receiver.cli.dossier import find

    if not ids:
        return [query]
    events = [await find(inbox, each) for each in ids]
    for each, event in zip(ids, events, strict=True):
        if event.seq is None:
            raise ReceiverError(
                f"event {each} is in quarantine: no route has seen it; "
                "see: receiver quarantine release"
            )
    return [replace(query, ids=(event.id,)) for event in events]


def _list(found: Configuration, as_json: bool) -> None:
    replays = opening.with_inbox(found, lambda inbox: inbox.replays())
    if as_json:
        output.structure([plain(each) for each in replays])
        return
    for each in replays:
        output.line(said(each))
    if not replays:
        output.tell("no replays")


def _turn(
    found: Configuration, resume: int | None, cancel: int | None, detach: bool, as_json: bool
) -> None:
    """Go on with a replay, or end it."""
    number = cancel if resume is None else resume
    assert number is not None
    folder = found.store_path.parent

    async def work(inbox: Inbox) -> Watched:
        if not await turn(inbox, [number], "cancelled" if resume is None else "running"):
            raise ReceiverError(f"there is no replay {number} that is not over; see --list")
        if resume is not None and not detach:
            return await watch(inbox, [number], folder)
        return Watched(await some(inbox, [number]))

    _tell(opening.with_inbox(found, work), as_json, False)


def _tell(outcome: Watched | list[Plan], as_json: bool, dry: bool) -> None:
    if isinstance(outcome, list):
        if as_json:
            output.structure({"dry_run": dry, "routes": [plan.plain() for plan in outcome]})
            return
        rows: list[tuple[Any, ...]] = [tuple(plan.plain().values()) for plan in outcome]
        output.table(COLUMNS, rows, empty="nothing to replay: no route has passed such an event")
        return
    if as_json:
        output.structure(outcome.plain())
    for each in outcome.replays:
        if not as_json:
            output.line(said(each))
        if each.state == "halted":
            output.tell(f"halted; go on with it: receiver events replay --resume {each.number}")
    if outcome.interrupted:
        raise typer.Exit(130)
