"""`receiver new lambda`: a function for AWS Lambda.

Must not know: what is in it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from receiver.cli import newfolder, options, output
from receiver.errors import ConfigError


def function(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Of the function, its stack and its folder.")
    ] = "receiver-lambda",
    source: Annotated[
        str | None,
        typer.Option(
            "--source", metavar="NAME", help="Whose events; else of whom topics are known."
        ),
    ] = None,
    events: Annotated[
        list[str] | None,
        typer.Option("--events", metavar="PATTERN", help="Event types, globs; repeatable."),
    ] = None,
    extra: Annotated[
        bool, typer.Option("--extra", help="Also topics whose event types are not published.")
    ] = False,
    forward: Annotated[
        str | None,
        typer.Option("--forward", metavar="URL", help="Post the events to a receiver, signed."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where; else ./NAME.")
    ] = None,
    contract: Annotated[
        str, typer.Option("--contract", metavar="PACKAGE", help="The generated package.")
    ] = "receiver.generated",
    templates: Annotated[
        Path | None,
        typer.Option("--templates", metavar="DIR", help="Templates in place of single ones."),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Begin a function: an AWS SAM project that subscribes to the topics and delivers.

    \b
    Examples:
      receiver new lambda
      receiver new lambda alerts --events '*.alert' --extra
      receiver new lambda bridge --forward https://receiver.example.org
    """
    from receiver import catalogue
    from receiver.codegen import function as lambdas
    from receiver.codegen import rendering, vendoring

    served = catalogue.contract(contract)
    known = lambdas.sources(served)
    if source is None and len(known) != 1:
        raise ConfigError("say with --source whose events the function is for")
    wheel = vendoring.wheel_name()
    wanted = lambdas.Project(
        name=name,
        contract=served,
        source=source or known[0],
        events=tuple(events or ()),
        extra=extra,
        forward=forward,
        requirement=f"./vendor/{wheel}",
    )
    files: dict[str, str | bytes] = dict(
        lambdas.project(wanted, rendering.read(lambdas.ROOM, templates))
    )
    if forward is None:
        files[f"vendor/{wheel}"] = vendoring.wheel()
    folder = out or Path(name)
    newfolder.create(folder, files)
    if as_json:
        output.structure({"folder": str(folder), "files": sorted(files)})
        return
    output.line(f"{folder}: {output.count(len(files), 'file')}. Next:")
    output.line(f"  cd {folder} && sam build && sam deploy --guided --capabilities CAPABILITY_IAM")
