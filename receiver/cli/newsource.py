"""`receiver new source`: a platform of one's own.

Must not know: what is in it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from receiver.cli import newfolder, options, output

SCHEMES = ("hmac", "rsa", "static", "standard-webhooks")


def source(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The platform, such as acme.")],
    scheme: Annotated[
        str, typer.Option("--scheme", metavar="SCHEME", help=f"How it signs: {'|'.join(SCHEMES)}")
    ] = "hmac",
    header: Annotated[
        str | None, typer.Option("--header", metavar="NAME", help="Where its proof stands.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where; else ./NAME.")
    ] = None,
    templates: Annotated[
        Path | None,
        typer.Option("--templates", metavar="DIR", help="Templates in place of single ones."),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Begin a platform: a spec with its signature scheme, samples, a configuration and tests.

    \b
    Examples:
      receiver new source acme
      receiver new source acme --scheme hmac --header X-Acme-Signature
    """
    from receiver.codegen import rendering
    from receiver.codegen import source as platform

    if scheme not in SCHEMES:
        known = ", ".join(SCHEMES)
        raise typer.BadParameter(f"{scheme!r} is none of {known}", param_hint="--scheme")
    files = platform.project(name, scheme, header, rendering.read(platform.ROOM, templates))
    folder = out or Path(name)
    newfolder.create(folder, files)
    if as_json:
        output.structure({"folder": str(folder), "files": sorted(files)})
        return
    output.line(f"{folder}: {output.count(len(files), 'file')}. Next:")
    output.line(f"  cd {folder} && pytest && receiver dev")
