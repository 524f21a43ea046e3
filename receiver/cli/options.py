"""The options that several commands share.

Must not know: what a command does with them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="PATH",
        help="The configuration; else RECEIVER_CONFIG, else ./receiver.toml.",
    ),
]
StoreDir = Annotated[
    Path | None,
    typer.Option("--store-dir", metavar="DIR", help="The folder of the inbox; overrides the file."),
]
PluginsDir = Annotated[
    Path | None,
    typer.Option("--plugins-dir", metavar="DIR", help="A folder of one-file plugins."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest.")]
Types = Annotated[
    list[str] | None,
    typer.Option("--type", metavar="PATTERN", help="Only these event types; a glob; repeatable."),
]
Sources = Annotated[
    list[str] | None, typer.Option("--source", metavar="NAME", help="Only of this source.")
]
Nodes = Annotated[
    list[str] | None, typer.Option("--node", metavar="NODE", help="Only about this node.")
]
Users = Annotated[
    list[str] | None, typer.Option("--user", metavar="USER", help="Only about this user.")
]
Text = Annotated[
    str | None, typer.Option("--text", metavar="TEXT", help="Only payloads that contain TEXT.")
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="TIME", help="Taken at or after: 2026-01-31T08:00Z, or 10m ago."
    ),
]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="TIME", help="Taken before; written as for --since."),
]
Ids = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ID]...", help="Ids, the first 8 or more characters of them, or positions (seq)."
    ),
]
All = Annotated[bool, typer.Option("--all", help="All there are.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
Route = Annotated[str | None, typer.Option("--route", metavar="NAME", help="Only of this route.")]
