"""`receiver audit`: who changed what, and when.

Must not know: how the trail is kept.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from receiver.cli import opening, options, output, terminal

if TYPE_CHECKING:
    from receiver.decisions import Book

COLUMNS = ("number", "at", "who", "action", "kind", "name", "changed")


def audit(
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Only of what is called so.")
    ] = None,
    limit: options.Limit = 100,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Tell who changed routes, filters, users and tokens, newest first; secrets are masked.

    \b
    Examples:
      receiver audit
      receiver audit --name archive --json
    """
    from receiver.management.native import audited

    async def read(book: Book) -> list[dict[str, Any]]:
        return [audited(entry) for entry in await book.audit(name=name, limit=limit)]

    entries = terminal.with_book(opening.configuration(config, store_dir=store_dir), read)
    if as_json:
        for entry in entries:
            output.record(entry)
        return
    rows = [[*(entry[column] for column in COLUMNS[:-1]), _changed(entry)] for entry in entries]
    output.table(COLUMNS, rows, empty="nothing was changed yet")


def _changed(entry: dict[str, Any]) -> str:
    """The parts that differ, as they are now."""
    before, after = entry["before"] or {}, entry["after"] or {}
    changed = {key: value for key, value in after.items() if before.get(key) != value}
    if entry["before"] is None or entry["after"] is None:
        return "new" if entry["after"] else "gone"
    return json.dumps(changed, ensure_ascii=False)
