"""`receiver filters`: System, User and Node decisions on event types.

Must not know: how filters are kept or applied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from receiver.cli import opening, options, output, terminal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from receiver.decisions import Book
    from receiver.filters import Decision, Filter
    from receiver.management.filters import FilterBook
    from receiver.settings import RouteSettings

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="What reaches which route.")

COLUMNS = ("level", "entity", "type", "enabled", "routes")
DECISIONS = ("route", "delivered", "why")

Level = Annotated[str, typer.Argument(metavar="LEVEL", help="system, user or node.")]
Type = Annotated[str, typer.Argument(metavar="TYPE", help="The event type.")]
Entity = Annotated[
    str, typer.Argument(metavar="[ENTITY]", help="The user or the node; none at system level.")
]


@app.command("list")
def list_filters(
    level: Annotated[
        str | None, typer.Option("--level", metavar="LEVEL", help="Only at this level.")
    ] = None,
    type: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Only of this event type.")
    ] = None,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """List the filters that are set.

    \b
    Example:
      receiver filters list --level node --json
    """

    async def read(filters: FilterBook, book: Book) -> list[Filter]:
        return await filters.all(terminal.caller(), level=level, type=type)

    found = _with_filters(config, store_dir, read)
    rows = [(one.level, one.entity, one.type, one.enabled, sorted(one.routes)) for one in found]
    _print(COLUMNS, rows, as_json, "no filters are set")


@app.command("set")
def set_filter(
    level: Level,
    type: Type,
    entity: Entity = "",
    enabled: Annotated[
        bool, typer.Option("--enabled/--disabled", help="Whether such events go on.")
    ] = True,
    routes: Annotated[
        list[str] | None,
        typer.Option("--route", metavar="NAME", help="Enabled for this route; repeatable."),
    ] = None,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Set a filter; a receiver that runs goes by it within a second.

    \b
    Examples:
      receiver filters set system rmaker.event.node_connected --route archive
      receiver filters set node rmaker.event.node_connected NODE --disabled
    """
    from receiver.filters import Filter

    wanted = Filter(level, type, entity, enabled, frozenset(routes or ()))

    found = opening.configuration(config, store_dir=store_dir)

    async def set_it(filters: FilterBook, book: Book) -> list[str]:
        await filters.set(terminal.caller(), wanted)
        known = {*found.settings.routes, *(route.name for route in await book.routes())}
        return await filters.unknown(wanted, known)

    unknown = _with_filters(config, store_dir, set_it)
    output.tell(f"the filter {wanted.name} is {'enabled' if enabled else 'disabled'}")
    if enabled and not routes:
        output.tell("it lists no route, so such events reach none; list some: --route NAME")
    for name in unknown:
        output.tell(f"there is no route {name!r} (yet)")


@app.command("remove")
def remove_filter(
    level: Level,
    type: Type,
    entity: Entity = "",
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Remove a filter.

    \b
    Example:
      receiver filters remove system rmaker.event.node_connected
    """

    async def remove(filters: FilterBook, book: Book) -> None:
        await filters.remove(terminal.caller(), level, type, entity)

    _with_filters(config, store_dir, remove)
    output.tell("the filter is removed")


@app.command("test", short_help="What the filters would make of an event, and which decides.")
def try_filters(
    type: Type,
    user: Annotated[
        str | None, typer.Option("--user", metavar="USER", help="The user of the event.")
    ] = None,
    node: Annotated[
        str | None, typer.Option("--node", metavar="NODE", help="The node of the event.")
    ] = None,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """What the filters would make of an event, route by route, and which filter decides.

    \b
    Example:
      receiver filters test rmaker.event.node_connected --user USER --node NODE
    """
    from receiver import configured
    from receiver.settings import RouteSettings

    found = opening.configuration(config, store_dir=store_dir)
    sources = {event.source for event in configured.contract(found).events if event.name == type}
    every = dict(found.settings.routes)

    async def decide(filters: FilterBook, book: Book) -> list[tuple[str, Decision]]:
        routes = [(name, False) for name in every]
        for route in await book.routes():
            routes.append((route.name, route.strict))
            every[route.name] = RouteSettings.model_validate({"sink": route.sink, **route.options})
        return await filters.test(routes, type, user, node)

    decisions = _with_filters(config, store_dir, decide)
    rows = [
        (name, decision.delivered and not unwanted, unwanted or decision.why)
        for name, decision in decisions
        for unwanted in [_unwanted(every[name], type, sources, user, node)]
    ]
    _print(DECISIONS, rows, as_json, "there are no routes")


def _unwanted(
    route: RouteSettings, type: str, sources: set[str], user: str | None, node: str | None
) -> str:
    """Why a route does not want such an event, by its own patterns; empty where it may."""
    from receiver.patterns import Patterns

    if not Patterns(route.events).match(type):
        return f"the route wants other events: {' '.join(route.events)}"
    if sources and not any(map(Patterns(route.sources).match, sources)):
        return f"the route wants other sources: {' '.join(route.sources)}"
    for what, patterns, given in (("users", route.users, user), ("nodes", route.nodes, node)):
        if given is not None and not Patterns(patterns).match(given):
            return f"the route wants other {what}: {' '.join(patterns)}"
    return ""


def _with_filters(
    config: Path | None,
    store_dir: Path | None,
    work: Callable[[FilterBook, Book], Awaitable[terminal.T]],
) -> terminal.T:
    from receiver import configured
    from receiver.management.filters import FilterBook

    found = opening.configuration(config, store_dir=store_dir)
    contract = configured.contract(found)
    default = found.settings.filters.default == "enabled"

    async def run(book: Book) -> terminal.T:
        return await work(FilterBook(contract, book, default=lambda: default), book)

    return terminal.with_book(found, run)


def _print(columns: tuple[str, ...], rows: list[Any], as_json: bool, empty: str) -> None:
    if as_json:
        for row in rows:
            output.record(dict(zip(columns, row, strict=True)))
    else:
        output.table(columns, rows, empty=empty)
