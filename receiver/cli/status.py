"""`receiver status`: one screen about everything: routes, inbox, disk, listeners.

Must not know: how any of it is counted.
"""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from receiver.cli import opening, options, output
from receiver.cli.standing import Status, collect, lines


def status(
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Look again and again, until Ctrl-C.")
    ] = False,
    every: Annotated[
        float, typer.Option("--every", metavar="SECONDS", min=0.2, help="With --watch: how often.")
    ] = 2.0,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Show how everything is on one screen; ends with 1 when something needs a person.

    That is: a route that is stuck or broken, an open breaker, dead letters, events that nobody
    delivers, a disk that is nearly full. With --watch, JSON is one line each time.

    \b
    Examples:
      receiver status
      receiver status --watch
      receiver status --json | jq .routes
    """
    found = opening.configuration(config, store_dir=store_dir)

    def look() -> Status:
        return opening.with_inbox(found, lambda inbox: collect(inbox, found))

    if not watch:
        now = look()
        if as_json:
            output.structure(now.plain())
        else:
            for line in lines(now):
                output.line(line)
        raise typer.Exit(1 if now.worries else 0)
    try:
        while True:
            _again(look(), as_json)
            time.sleep(every)
    except KeyboardInterrupt:
        return


def _again(now: Status, as_json: bool) -> None:
    """Show it in the place of what was shown before."""
    if as_json:
        output.record(now.plain())
        return
    screen = "\n".join(lines(now))
    output.line(f"\x1b[H\x1b[2J{screen}" if sys.stdout.isatty() else f"{screen}\n")
