"""`receiver quarantine`: authentic events that break the spec, kept with every problem.

Must not know: how the inbox keeps them, or how they were judged.
"""

from __future__ import annotations

from dataclasses import replace

import typer

from receiver.cli import opening, options, output
from receiver.cli.dossier import summary
from receiver.cli.events import chosen, explain

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Read the quarantine.")

COLUMNS = ("id", "received", "source", "type", "node", "problems")


@app.command("list")
def list_quarantine(
    types: options.Types = None,
    source: options.Sources = None,
    node: options.Nodes = None,
    text: options.Text = None,
    limit: options.Limit = 50,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """List quarantined events, each with its problems, the newest last.

    \b
    Examples:
      receiver quarantine list
      receiver quarantine list --type 'appliance/*' --json
    """
    query = replace(
        chosen(types, source, node, None, text),
        state="quarantined",
        newest_first=True,
        limit=limit,
    )
    found = opening.configuration(config, store_dir=store_dir)
    stored = list(reversed(opening.with_inbox(found, lambda inbox: inbox.read(query))))
    if not stored:
        explain(found, query)
    if as_json:
        output.structure([summary(event) for event in stored])
        return
    rows = [
        (event.id, event.received_at, event.source, event.type, event.node, event.problems)
        for event in stored
    ]
    output.table(COLUMNS, rows, empty="the quarantine is empty")
