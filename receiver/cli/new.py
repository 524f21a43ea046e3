"""`receiver new`: projects that begin complete.

Must not know: what is in them.
"""

from __future__ import annotations

import typer

from receiver.cli.newlambda import function
from receiver.cli.newsink import sink
from receiver.cli.newsource import source

app = typer.Typer(help="Begin a project: a sink, a platform, a function.", no_args_is_help=True)
app.command("sink", short_help="A sink: package, tests, docs, ready to install.")(sink)
app.command("source", short_help="A platform: its spec, samples and tests.")(source)
app.command("lambda", short_help="A function for AWS Lambda: a SAM project.")(function)
