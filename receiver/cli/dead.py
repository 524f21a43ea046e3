"""`receiver dead`: the events that a route has given up on.

Must not know: how the inbox keeps them.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from receiver.cli import opening, options, output
from receiver.errors import ReceiverError

if TYPE_CHECKING:
    from receiver.inbox import DeadLetter, Inbox

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Read the dead letters.")

COLUMNS = ("seq", "id", "route", "type", "node", "buried", "attempts", "why")


@app.command("list")
def list_dead(
    route: options.Route = None,
    limit: options.Limit = 100,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """List dead letters, each with the reason why its route gave up.

    \b
    Examples:
      receiver dead list
      receiver dead list --route archive --json
    """
    from receiver.cli.dossier import summary, wording

    found = opening.configuration(config, store_dir=store_dir)

    async def read(inbox: Inbox) -> list[DeadLetter]:
        letters = await inbox.dead_letters(route=route, limit=limit)
        if not letters and route is not None:
            known = {place.route for place in await inbox.places()} | set(found.settings.routes)
            _check_known(route, sorted(known))
        return letters

    letters = opening.with_inbox(found, read)
    if as_json:
        output.structure(
            [
                {
                    "route": letter.route,
                    "attempts": letter.attempts,
                    "buried_at": letter.buried_at,
                    "failure": asdict(letter.failure),
                    "event": summary(letter.event),
                }
                for letter in letters
            ]
        )
        return
    rows = [
        (
            letter.event.seq,
            letter.event.id,
            letter.route,
            letter.event.type,
            letter.event.node,
            letter.buried_at,
            letter.attempts,
            wording(letter.failure),
        )
        for letter in letters
    ]
    output.table(COLUMNS, rows, empty="no dead letters")


def _check_known(route: str, known: list[str]) -> None:
    """Raise ReceiverError for a route that neither the inbox nor the configuration knows."""
    from receiver.settings import nearest_of

    if route not in known:
        raise ReceiverError(f"there is no route {route!r}; {nearest_of(route, known, 'routes:')}")
