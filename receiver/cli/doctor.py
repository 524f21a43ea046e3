"""`receiver doctor`: what is wrong here, and how to put it right.

Must not know: how anything is found out.
"""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from receiver.cli import opening, options, output

if TYPE_CHECKING:
    from receiver.doctor.finding import Finding


def doctor(
    online: Annotated[
        str | None,
        typer.Option("--online", metavar="URL", help="Compare the clock with this web server's."),
    ] = None,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
    plugins_dir: options.PluginsDir = None,
) -> None:
    """Look at everything that Receiver needs here: a line for each, ok, warn or fail, with the fix.

    The clock, the store's disk (fsync, room, who may read it), limits, both listeners' addresses,
    secrets that do not resolve, sinks that do not open, plugins that start threads when imported,
    libraries that are too old or faulty. Each route's sink is opened and closed once, in a process
    of its own, unless a receiver that runs has it open. Exits 1 when there is a `fail`. With
    --json, one line of JSON for each.

    \b
    Examples:
      receiver doctor
      receiver doctor --config /etc/receiver/receiver.toml --online https://example.org
    """
    from receiver.doctor.examination import examine

    flags = opening.flags(store_dir, plugins_dir)
    opening.hand_down(config, flags)  # for the processes that open sinks
    failed = False
    findings = examine(lambda: opening.load(config, flags), os.environ, online=online)
    for finding in findings:
        failed |= finding.state == "fail"
        if as_json:
            output.record(asdict(finding))
        else:
            output.line(_line(finding))
    if failed:
        raise typer.Exit(1)


_COLOURS = {"ok": "32", "warn": "33", "fail": "31"}


def _line(finding: Finding) -> str:
    state = f"{finding.state:<4}"
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        state = f"\x1b[{_COLOURS[finding.state]}m{state}\x1b[0m"
    fix = f"; {finding.fix}" if finding.fix else ""
    return f"{state}  {finding.check:<8}  {output.cell(finding.text)}{output.printable(fix)}"
