"""`receiver generate --sink`: the generated base of a sink, written or compared, and what moved.

Must not know: what is generated.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from receiver.cli import output

if TYPE_CHECKING:
    from receiver.codegen.document import SpecFile
    from receiver.codegen.regeneration import Regenerated


def stubs(
    folder: Path, source: SpecFile | None, templates: Path | None, check: bool, as_json: bool
) -> None:
    """Write or compare the base of a project; warn of implementations that have no event."""
    from receiver import openapi
    from receiver.codegen import rendering, scaffold
    from receiver.codegen.regeneration import regenerate

    contract = openapi.parse(source.document) if source else None
    made = regenerate(folder, contract, rendering.read(scaffold.ROOM, templates))
    if not check and not made.current:
        made.file.write_text(made.text, encoding="utf-8")
    if as_json:
        output.structure(_plain(made))
    else:
        _tell(made, check)
    if check and not made.current:
        raise typer.Exit(1)


def _tell(made: Regenerated, check: bool) -> None:
    for word, names in (
        ("new", made.moved.added),
        ("changed", made.moved.changed),
        ("gone", made.moved.removed),
    ):
        for name in names:
            output.line(f"{word:<8} {name}")
    for line in made.orphans:
        output.tell(f"warning: {line}")
    if made.current:
        output.line(f"{made.file} is up to date")
    elif check:
        output.tell(f"{made.file} is not what the contract says; run receiver generate --sink")
    else:
        output.line(f"{made.file} written; nothing else was touched")


def _plain(made: Regenerated) -> dict[str, object]:
    return {
        "file": str(made.file),
        "up_to_date": made.current,
        "new": list(made.moved.added),
        "changed": list(made.moved.changed),
        "gone": list(made.moved.removed),
        "warnings": list(made.orphans),
    }
