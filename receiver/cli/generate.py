"""`receiver generate`: the Python package of a spec, written or compared.

Must not know: what is generated.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from receiver.cli import options, output
from receiver.cli.stubs import stubs
from receiver.errors import SpecError

if TYPE_CHECKING:
    from receiver.codegen.document import SpecFile
    from receiver.codegen.lint import Finding


def generate(
    spec: Annotated[
        Path | None,
        typer.Option(
            "--spec", metavar="FILE", help="The OpenAPI document, YAML or JSON; else webhooks.yaml."
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The folder of the package.")
    ] = Path("generated"),
    templates: Annotated[
        Path | None,
        typer.Option(
            "--templates", metavar="DIR", help="Templates to use in place of single ones."
        ),
    ] = None,
    sink: Annotated[
        Path | None,
        typer.Option(
            "--sink",
            metavar="DIR",
            help="The project of a sink, whose events.py is to be up to date; without --spec that"
            " and nothing else.",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 where the folder differs.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Generate models, hook specifications, operations and samples from a spec.

    \b
    Examples:
      receiver generate
      receiver generate --check --json
      receiver generate --spec acme.yaml --out acme_events
      receiver generate --sink receiver-chat
    """
    if sink is not None and spec is None:
        stubs(sink, None, templates, check, as_json)
        return
    source = _package(spec or Path("webhooks.yaml"), out, templates, check, as_json)
    if sink is not None:
        stubs(sink, source, None, check, as_json)


def _package(spec: Path, out: Path, templates: Path | None, check: bool, as_json: bool) -> SpecFile:
    """Write or compare the package of a spec; returns the spec. Exits 1 where it is wrong."""
    from receiver.codegen import document, package, rendering
    from receiver.codegen.lint import lint

    texts = rendering.templates(templates)
    source = document.read(spec)
    errors = [finding for finding in lint(source.document) if finding.level == "error"]
    files: dict[str, str] = {}
    try:
        files = package.generate(source.document, spec=source.name, templates=texts)
    except SpecError as error:
        errors += unseen(error, errors)
    if errors:
        if as_json:
            output.structure({"errors": [plain(finding, source) for finding in errors]})
        else:
            for finding in errors:
                output.tell(sentence(finding, source))
            output.tell(f"receiver: nothing is generated from {spec} before this is put right")
        raise typer.Exit(1)
    (_check if check else _write)(out, files, as_json)
    return source


def _write(out: Path, files: dict[str, str], as_json: bool) -> None:
    from receiver.codegen.output import write

    done = write(out, files)
    if as_json:
        output.structure({"errors": [], "folder": str(out), **asdict(done)})
        return
    for name in done.edited:
        output.tell(f"{out / name} had been edited by hand; it is as generated again")
    output.line(
        f"{out}: {output.count(len(done.changed), 'file')} written, {len(done.removed)} removed, "
        f"{done.unchanged} unchanged"
    )


def _check(out: Path, files: dict[str, str], as_json: bool) -> None:
    from receiver.codegen.output import check

    drift = check(out, files)
    if as_json:
        reasons = drift.reasons if drift else []
        diff = drift.diff if drift else ""
        output.structure(
            {"errors": [], "up_to_date": drift is None, "reasons": reasons, "diff": diff}
        )
        if drift is not None:
            raise typer.Exit(1)
        return
    if drift is None:
        output.line(f"{out} is up to date")
        return
    if drift.diff:
        output.line(output.printable(drift.diff, keep="\n\t"))
    for reason in drift.reasons:
        output.tell(reason)
    raise typer.Exit(1)


def unseen(error: SpecError, known: list[Finding]) -> list[Finding]:
    """The problems of an error as findings, without those that are known."""
    from receiver.codegen.lint import Finding

    found = [Finding("error", where, reason) for where, reason in error.problems]
    return [finding for finding in found if finding not in known]


def plain(finding: Finding, source: SpecFile) -> dict[str, Any]:
    """A finding for programs."""
    return {
        "level": finding.level,
        "line": source.line(finding.where),
        "where": finding.where,
        "reason": finding.reason,
    }


def sentence(finding: Finding, source: SpecFile) -> str:
    """A finding on one line, as compilers write it."""
    line = source.line(finding.where)
    place = f"{source.name}:{line}" if line else source.name
    return output.printable(f"{place}: {finding.level}: {finding.where or '/'}: {finding.reason}")
