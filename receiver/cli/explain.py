"""`receiver events explain`: whether each route wanted an event, what became of it, and why.

Must not know: how that is found out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from receiver.cli import opening, options, output
from receiver.cli.dossier import find, wording
from receiver.cli.explanation import Explanation
from receiver.cli.explanation import explain as explained

if TYPE_CHECKING:
    from receiver.inbox import Stored
    from receiver.inbox.sqlite import SqliteInbox


def explain(
    event_id: Annotated[
        str, typer.Argument(metavar="ID", help="An event's id, its start, or its position (seq).")
    ],
    route: options.Route = None,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Say where an event is: for each route whether it was wanted, and by which pattern; what
    became of it, attempt by attempt; what happens next and when, and what you can do.

    It is judged by the versions of routes and filters that were in force when it was its turn.

    \b
    Examples:
      receiver events explain 17
      receiver events explain 0198c0de --route archive --json
    """
    found = opening.configuration(config, store_dir=store_dir)
    catalogue = opening.catalogue(found)
    folder = found.store_path.parent

    async def work(inbox: SqliteInbox) -> tuple[Stored, list[Explanation]]:
        event = await find(inbox, event_id)
        every = await explained(inbox, event, catalogue, folder)
        return event, [each for each in every if route in (None, each.route)]

    event, made = opening.with_inbox(found, work)
    if as_json:
        routes = [each.plain() for each in made]
        output.structure({"id": event.id, "seq": event.seq, "type": event.type, "routes": routes})
        return
    output.line(f"event {event.seq or '(quarantined)'}, {event.id}")
    about = f"{event.type} of {event.source}, node {output.cell(event.node)}"
    output.line(f"{output.printable(about)}, received {output.moment(event.received_at)}")
    for each in made:
        _print(each)
    if not made:
        output.tell("no such route" if route else "no routes")


def _print(each: Explanation) -> None:
    output.line("")
    output.line(f"{each.route}: {output.printable(each.made)}")
    wanted = {True: "wanted", False: "not wanted", None: "wanted?"}[each.wanted]
    since = (
        f" (version {each.version}, since {output.moment(each.version_since)})"
        if each.version and each.version_since
        else ""
    )
    lines = [(wanted, f"{each.by}{since}")]
    if each.filter:
        lines.append(("filters", each.filter))
    for attempt in each.attempts:
        at = output.moment(attempt.failure.at)
        lines.append((f"attempt {attempt.number}", f"{at}  {wording(attempt.failure)}"))
    lines += [("replayed", said) for said in each.replays]
    when = f", at {output.moment(each.next_at)}" if each.next_at else ""
    lines.append(("next", f"{each.next}{when}"))
    if each.remedy:
        lines.append(("you can", each.remedy))
    for name, text in lines:
        output.line(f"  {name:<11} {output.printable(text)}")
