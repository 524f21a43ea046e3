"""`receiver new sink`: a complete project for a sink.

Must not know: what is in it.
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from receiver.cli import newfolder, options, output
from receiver.errors import ConfigError

if TYPE_CHECKING:
    from receiver.codegen.scaffold import Origin

KINDS = ("http", "queue", "database", "file", "blank")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+")


def sink(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="What routes call it, such as chat.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="KIND", help="|".join(KINDS))
    ] = None,
    events: Annotated[
        list[str] | None,
        typer.Option("--events", metavar="PATTERN", help="Event types, globs; repeatable."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where; else ./receiver-NAME.")
    ] = None,
    receiver: Annotated[
        str | None,
        typer.Option(
            "--receiver",
            metavar="FROM",
            help="Where it gets Receiver: a wheel or folder, a URL, or `index`;"
            " else a wheel of this one in vendor/.",
        ),
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
    """Begin a sink: a package that installs, delivers and passes its tests as it is.

    Asks for what it is to be, on a terminal, when nothing is given.

    \b
    Examples:
      receiver new sink chat --kind http --events 'appliance/*'
      receiver new sink archive --kind database --receiver index
    """
    from receiver import catalogue, plugins
    from receiver.codegen import rendering, scaffold

    taken = scaffold.TAKEN | set(plugins.discover())
    if name is None:
        name, kind, events = _asked(kind, events, taken)
    kind = kind or "blank"
    if kind not in KINDS:
        raise typer.BadParameter(f"{kind!r} is none of {', '.join(KINDS)}", param_hint="--kind")
    scaffold.check_name(name, taken)
    origin, vendor = _origin(receiver)
    wanted = scaffold.Project(
        name=name,
        kind=kind,
        contract=catalogue.contract(contract),
        package=contract,
        events=tuple(events or ["*"]),
        origin=origin,
        year=datetime.now(UTC).year,
    )
    files = scaffold.project(wanted, rendering.read(scaffold.ROOM, templates))
    folder = out or Path(f"receiver-{name}")
    newfolder.create(folder, {**files, **vendor})
    if as_json:
        output.structure({"folder": str(folder), "files": sorted([*files, *vendor])})
        return
    output.line(f"{folder}: {output.count(len(files) + len(vendor), 'file')}. Next:")
    output.line(f"  cd {folder} && pip install -e '.[test]' && pytest")
    output.line("  receiver sinks list")


def _asked(
    kind: str | None, events: list[str] | None, taken: set[str] | frozenset[str]
) -> tuple[str, str, list[str]]:
    """What a person on a terminal says. Raises BadParameter where there is none."""
    from receiver.codegen.scaffold import check_name

    if not sys.stdin.isatty():
        raise typer.BadParameter("say what it is to be called", param_hint="NAME")
    while True:
        name = str(typer.prompt("What shall routes call it"))
        try:
            check_name(name, taken)
            break
        except ConfigError as error:
            output.tell(str(error))
    while kind not in KINDS:
        kind = str(typer.prompt(f"Which kind ({', '.join(KINDS)})", default="http"))
    if not events:
        asked = typer.prompt("Which event types (globs, apart by spaces)", default="*")
        events = str(asked).split()
    return name, kind, events


def _origin(given: str | None) -> tuple[Origin, dict[str, bytes]]:
    """Where the project gets Receiver from, and what is put into it for that."""
    from receiver.codegen import scaffold, vendoring

    if given is None:
        name = vendoring.wheel_name()
        return scaffold.vendored(name), {f"vendor/{name}": vendoring.wheel()}
    if given == "index":
        return scaffold.Origin(), {}
    if not _URL.fullmatch(given):
        path = Path(given).absolute()
        if not path.exists():
            raise ConfigError(f"--receiver {given}: neither a file or folder, nor a URL, nor index")
        given = path.as_uri()
    return scaffold.Origin(f"receiver-framework @ {given}", direct=True), {}
