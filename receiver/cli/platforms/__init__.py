"""`receiver platform`: the steps of each platform's own guide as commands.

Must not know: how a platform's API is asked.
"""

from __future__ import annotations

import typer

from receiver.cli.platforms.flespi import app as flespi
from receiver.cli.platforms.gridx import app as gridx
from receiver.cli.platforms.rainmaker import app as rainmaker
from receiver.cli.platforms.solarnetwork import app as solarnetwork

__all__ = ["app"]

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Set a platform up to send here: with --dry-run, show what would be asked of it.",
)
app.add_typer(gridx, name="gridx")
app.add_typer(rainmaker, name="rainmaker")
app.add_typer(solarnetwork, name="solarnetwork")
app.add_typer(flespi, name="flespi")
