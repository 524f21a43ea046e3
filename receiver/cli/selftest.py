"""`receiver selftest`: proves on this machine what Receiver promises.

Must not know: how anything is proved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from receiver.cli import opening, options, output

if TYPE_CHECKING:
    from receiver.selftest.durability import Result

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Prove it on this machine.")

SHOWN = 5
"""Names of lost events that are told; `--json` has all."""


@app.callback()
def _group() -> None:
    """Prove on this machine what Receiver promises."""


@app.command("durability", short_help="Kill writers under load, and look for every event.")
def durability(
    seconds: Annotated[
        float, typer.Option("--seconds", min=1, max=3_600, help="How long writers are killed.")
    ] = 15,
    writers: Annotated[
        int, typer.Option("--writers", min=1, max=16, help="Processes that write.")
    ] = 2,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Kill writers with SIGKILL under load, on the store's own disk, and look for every event.

    Works in a new folder beside the inbox, which is removed in the end; the inbox itself is not
    touched, and Receiver may go on running. Exits 1 when an acknowledged event is lost or is there
    twice. A power cut cannot be tried: fsync is measured instead, and doubted if it is too fast.

    \b
    Examples:
      receiver selftest durability
      receiver selftest durability --seconds 60 --store-dir /var/lib/receiver --json
    """
    from receiver.keptsecrets import private_folder
    from receiver.selftest.durability import run

    found = opening.configuration(config, store_dir=store_dir)
    folder = found.store_path.parent
    private_folder(folder)
    result = run(
        folder,
        durability=found.settings.store.durability,
        seconds=seconds,
        writers=writers,
        progress=output.tell,
    )
    if as_json:
        output.structure(_plain(result))
    else:
        _tell(result)
    if not result.passed:
        raise typer.Exit(1)


def _plain(result: Result) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(result), "passed": result.passed}


def _tell(result: Result) -> None:
    from receiver.selftest.disk import micros

    measured = result.flushes
    output.line(f"folder        {result.folder} ({result.file_system or 'unknown file system'})")
    output.line(f"durability    {result.durability}")
    output.line(
        f"fsync         median {micros(measured.median)}, p99 {micros(measured.p99)} "
        f"({measured.count} of them)"
    )
    output.line(f"kills         {result.kills} in {result.seconds:g} s")
    output.line(f"acknowledged  {result.acknowledged}")
    output.line(f"recovered     {result.recovered} (kept, though the answer was lost)")
    for name, keys in (("lost", result.lost), ("duplicated", result.duplicated)):
        some = f": {', '.join(keys[:SHOWN])}{' …' if len(keys) > SHOWN else ''}" if keys else ""
        output.line(f"{name:<13} {len(keys)}{some}")
    for fault in result.damage:
        output.line(f"damage        {fault}")
    for doubt in result.doubts:
        output.line(f"warning       {doubt}")
    output.line("passed" if result.passed else "FAILED")
