"""`receiver secrets`: which keys prove events, which of them are in use, new ones in their place.

No value is ever printed. Must not know: how keys prove a request, how the inbox keeps events.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from receiver.cli import keeping, keyuse, opening, options, output
from receiver.errors import ReceiverError

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Set and rotate secrets.")

DAYS = 3.0
"""How long old secrets go on counting: as long as a platform may sign with both."""

Source = Annotated[str, typer.Argument(metavar="SOURCE", help="A source of the contract.")]
Name = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="What `events show` calls it.")
]
FromFile = Annotated[
    Path | None, typer.Option("--file", metavar="PATH", help="Read the secret from a file.")
]


@app.command("list", short_help="List the keys of each source, and which are in use.")
def list_secrets(
    source: Annotated[
        str | None, typer.Argument(metavar="SOURCE", help="Only those of one source.")
    ] = None,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """List the keys of each source, and which of them the last events were proved with.

    \b
    Examples:
      receiver secrets list
      receiver secrets list acme --json
    """
    from receiver import configured

    found = opening.configuration(config, store_dir=store_dir)
    contract = configured.contract(found)
    if source is not None:
        keeping.known(contract, source)
    ring = configured.keyring(found, contract, os.environ)
    rows = [
        row
        for name in ([source] if source else sorted(contract.sources))
        for row in keyuse.rows(found, name, ring.for_source(name), datetime.now(UTC))
    ]
    if as_json:
        for row in rows:
            output.record(row)
    else:
        cells = [[row[column.replace(" ", "_")] for column in keyuse.COLUMNS] for row in rows]
        output.table(
            keyuse.COLUMNS, cells, empty="no source has a key; see: receiver secrets set --help"
        )


@app.command("set", short_help="Keep a secret beside the inbox; it is in use at once.")
def set_secret(
    source: Source,
    name: Name = None,
    file: FromFile = None,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Keep a secret beside the inbox, for its owner only; a receiver that runs uses it at once.

    It is read from a prompt, from --file, or from standard input. One of the same name is replaced.

    \b
    Examples:
      receiver secrets set acme --name 2026-b
      printf %s "$SECRET" | receiver secrets set acme
    """
    found = opening.configuration(config, store_dir=store_dir)
    name = keeping.keep(found, source, _read(source, file), name)
    output.line(f"{source}: the secret {name!r} is kept; see: receiver secrets list {source}")


@app.command("rotate")
def rotate(
    source: Source,
    name: Name = None,
    file: FromFile = None,
    generate: Annotated[
        Path | None,
        typer.Option("--generate", metavar="PATH", help="Make a secret, and write it to PATH."),
    ] = None,
    days: Annotated[
        float, typer.Option("--days", min=0, help="Days that the older ones go on counting.")
    ] = DAYS,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Keep a new secret and let the older ones end, some days from now.

    \b
    Examples:
      receiver secrets rotate acme --name 2026-b
      receiver secrets rotate acme --generate bridge.secret
    """
    if file is not None and generate is not None:
        raise typer.BadParameter("give --file or --generate, not both", param_hint="--generate")
    found = opening.configuration(config, store_dir=store_dir)
    value = _generated(generate) if generate is not None else _read(source, file)
    end = datetime.now(UTC) + timedelta(days=days)
    name = keeping.keep(found, source, value, name, older_end=end)
    output.line(f"{source}: the secret {name!r} is kept; older ones count until {_day(end)}")
    given = found.settings.sources.get(source)
    for index, secret in enumerate(given.secrets if given else ()):
        where = found.origin(("sources", source, "secrets", index, "name"))
        if secret.expires is None or secret.expires > end:
            told = f"{secret.name!r} stands in {where}: add expires = {end:%Y-%m-%dT%H:%M:%SZ}"
            output.tell(f"receiver: the secret {told}")


def _read(source: str, file: Path | None) -> str:
    """The secret that a person or a program gives; never an argument, which others can see."""
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ReceiverError(f"--file {file} cannot be read: {error}") from None
    elif sys.stdin.isatty():
        text = typer.prompt(f"The secret of {source}", hide_input=True, err=True)
    else:
        text = sys.stdin.read()
    text = text.removesuffix("\n").removesuffix("\r")
    if not text.strip() or "\n" in text:
        raise ReceiverError("a secret is one line that is not empty")
    return text


def _generated(path: Path) -> str:
    """A new secret, written to a file that only its owner can read."""
    import secrets

    value = secrets.token_hex(32)
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        raise ReceiverError(f"--generate {path}: it is there already") from None
    except OSError as error:
        raise ReceiverError(f"--generate {path}: {error.strerror}") from None
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(value + "\n")
    return value


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
