"""`receiver spec`: what is wrong with a spec, and what is in it.

Must not know: how a spec is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from receiver.cli import opening, options, output
from receiver.cli.generate import plain, sentence, unseen
from receiver.errors import ReceiverError, SpecError

if TYPE_CHECKING:
    from receiver.contract import Contract, EventType, Operation

app = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, help="Check a spec, or show what is in it."
)

File = Annotated[Path, typer.Argument(metavar="[FILE]", help="The OpenAPI document.")]
SPEC = Path("webhooks.yaml")
OPERATION_COLUMNS = ("path", "source", "event types", "proved by")
EVENT_COLUMNS = ("source", "event type", "hook", "may be disabled at", "summary")


@app.command("lint")
def lint_spec(file: File = SPEC, as_json: options.Json = False) -> None:
    """Find what would hurt. Errors exit 1, warnings do not.

    \b
    Examples:
      receiver spec lint
      receiver spec lint acme.yaml --json
    """
    from receiver.codegen import document, package
    from receiver.codegen.lint import Finding, lint

    try:
        source = document.read(file)
        found = lint(source.document)
        try:
            package.generate(source.document, spec=source.name)
        except SpecError as error:
            found = unseen(error, found) + found
    except document.BrokenSpec as error:
        source = document.SpecFile(file.name, {}, {"": error.line} if error.line else {})
        found = [Finding("error", where, reason) for where, reason in error.problems]
    errors = sum(finding.level == "error" for finding in found)
    if as_json:
        output.structure([plain(finding, source) for finding in found])
    else:
        for finding in found:
            output.line(sentence(finding, source))
        warnings = output.count(len(found) - errors, "warning")
        output.tell(f"{file}: {output.count(errors, 'error')}, {warnings}")
    if errors:
        raise typer.Exit(1)


@app.command("show", short_help="Show the paths and event types of a contract.")
def show(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="An event type or its hook.")
    ] = None,
    spec: Annotated[
        Path | None,
        typer.Option("--spec", metavar="FILE", help="An OpenAPI document; else what is served."),
    ] = None,
    config: options.Config = None,
    as_json: options.Json = False,
) -> None:
    """Show the paths and event types of the served contract or of a spec, or one event type.

    \b
    Examples:
      receiver spec show
      receiver spec show acme_door_opened
      receiver spec show --spec acme.yaml --json
    """
    contract = _contract(spec, config)
    if name is not None:
        _show_events(contract, name, as_json)
    elif as_json:
        output.structure(
            {
                "operations": [_operation(operation) for operation in contract.operations],
                "events": [_event(contract, event) for event in contract.events],
            }
        )
    else:
        _show_all(contract)


def _contract(spec: Path | None, config: Path | None) -> Contract:
    """What a document promises; without one, what the configuration serves."""
    if spec is None:
        return opening.catalogue(opening.configuration(config)).contract
    from receiver import openapi
    from receiver.codegen import document

    return openapi.parse(document.read(spec).document)


def _show_all(contract: Contract) -> None:
    output.table(
        OPERATION_COLUMNS,
        [
            (
                operation.path,
                operation.source,
                _types(operation),
                " or ".join(" and ".join(names) for names in operation.security),
            )
            for operation in contract.operations
        ],
    )
    output.line("")
    output.table(
        EVENT_COLUMNS,
        [
            (event.source, event.name, event.hook, ", ".join(event.filters), event.summary)
            for event in contract.events
        ],
    )


def _types(operation: Operation) -> str:
    kinds = ", ".join(operation.events[:3])
    more = f" and {len(operation.events) - 3} more" if len(operation.events) > 3 else ""
    return f"array of {kinds}{more}" if operation.batch else kinds + more


def _show_events(contract: Contract, name: str, as_json: bool) -> None:
    from receiver.codegen.models import models

    found = contract.find(name)
    if not found:
        raise _unknown(contract, name)
    if as_json:
        output.structure([_event(contract, event) for event in found])
        return
    made = models(contract, [])
    for event in found:
        shown = _event(contract, event)
        sample = shown.pop("sample")
        for key, value in shown.items():
            output.line(f"{key}: {output.cell(value)}")
        output.line("")
        if event.schema in made.events:
            rows = [
                (path, field.words, field.required, field.doc)
                for path, field in made.rows(event.schema)
            ]
            output.table(("field", "type", "always", "meaning"), rows)
            output.line("")
        output.structure(sample)


def _unknown(contract: Contract, name: str) -> ReceiverError:
    from difflib import get_close_matches

    names = [known for event in contract.events for known in (event.name, event.hook)]
    near = get_close_matches(name, names, n=1)
    hint = f"; did you mean {near[0]}?" if near else "; `receiver spec show` lists them"
    return ReceiverError(f"there is no event type {name!r}{hint}")


def _event(contract: Contract, event: EventType) -> dict[str, Any]:
    from receiver.codegen.rendering import operations_of

    return {
        "source": event.source,
        "type": event.name,
        "hook": event.hook,
        "model": event.schema,
        "summary": event.summary,
        "description": event.description.strip(),
        "filters": list(event.filters),
        "trigger": event.trigger,
        "topic": event.topic,
        "paths": [operation.path for operation in operations_of(contract, event)],
        "sample": event.sample,
    }


def _operation(operation: Operation) -> dict[str, Any]:
    return {
        "id": operation.id,
        "path": operation.path,
        "source": operation.source,
        "transport": operation.transport,
        "security": [list(names) for names in operation.security],
        "events": list(operation.events),
        "batch": operation.batch,
    }
