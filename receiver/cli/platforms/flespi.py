"""`receiver platform flespi`: HTTP streams that post a channel's messages to a receiver.

Must not know: how the platform's API is spoken.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from receiver.cli import opening, options, output
from receiver.cli.platforms import asking, desk
from receiver.errors import ReceiverError

if TYPE_CHECKING:
    from receiver.platforms.flespi import Flespi
    from receiver.settings import Configuration

SOURCE = "flespi"
VARIABLE = "FLESPI_TOKEN"
COLUMNS = ("stream", "name", "enabled", "sends to")

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Streams of flespi; the token is in FLESPI_TOKEN, in a file, or asked for.",
)


@app.command("list")
def list_streams(
    token_file: desk.TokenFile = None,
    dry_run: asking.DryRun = False,
    as_json: options.Json = False,
    api: desk.Api = None,
) -> None:
    """List the streams that the token may see.

    \b
    Example:
      receiver platform flespi list
    """
    client = _client(token_file, dry_run, api)
    found = client.streams()
    if dry_run:
        return
    if as_json:
        output.structure([{**each, "configuration": _plain(each)} for each in found])
        return
    rows = [
        (each.get("id"), each.get("name"), each.get("enabled"), _plain(each).get("uri"))
        for each in found
    ]
    output.table(COLUMNS, rows, empty="there are no streams")


@app.command("create", short_help="Make a stream that posts a channel's messages to a receiver.")
def create_stream(
    url: desk.ToUrl,
    channels: Annotated[
        list[int] | None,
        typer.Option("--channel", metavar="ID", min=1, help="A channel to subscribe; repeatable."),
    ] = None,
    name: Annotated[str, typer.Option("--name", help="What the stream is called.")] = "receiver",
    token_file: desk.TokenFile = None,
    dry_run: asking.DryRun = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
    api: desk.Api = None,
) -> None:
    """Make a stream that posts messages to a receiver, with the header that proves it.

    The header's value is the one that is configured; else one is made and kept where running
    receivers find it.

    \b
    Examples:
      receiver platform flespi create --url https://hooks.example.com --channel 429
      receiver platform flespi create --url https://hooks.example.com --channel 429 --dry-run
    """
    found = opening.configuration(config, store_dir=store_dir)
    uri = _endpoint(found, url)
    header, value, made = _header(found)
    client = _client(token_file, dry_run, api)
    if made and not dry_run:
        from receiver.cli.keeping import keep

        keep(found, SOURCE, value)  # before the platform knows it: the first batch may be quick
        output.line(f"kept        a new value of the header {header}")
    number = client.create(name, uri, {header: value})
    for channel in channels or ():
        client.subscribe("STREAM" if number is None else number, channel)
    if dry_run:
        return
    output.line(f"stream      {number}, to {uri}")
    for channel in channels or ():
        output.line(f"subscribed  channel {channel}")
    if not channels:
        output.tell("receiver: it gets nothing yet: subscribe it to channels, or to devices")


@app.command("remove")
def remove_stream(
    stream: Annotated[int, typer.Argument(metavar="ID", min=1, help="The stream's number.")],
    yes: asking.Yes = False,
    token_file: desk.TokenFile = None,
    dry_run: asking.DryRun = False,
    api: desk.Api = None,
) -> None:
    """Remove a stream, and what it has not sent yet; asks first.

    \b
    Example:
      receiver platform flespi remove 4711
    """
    client = _client(token_file, dry_run, api)
    if not dry_run:
        found = client.stream(stream) or {}
        where = _plain(found).get("uri", "nowhere")
        asking.confirm(f"Remove stream {stream} ({found.get('name')}, to {where})?", yes)
    client.remove(stream)
    if not dry_run:
        output.line(f"removed     stream {stream}")


def _client(token_file: Path | None, dry: bool, api: str | None) -> Flespi:
    from receiver.platforms.flespi import BASE, Flespi

    token = asking.secret(VARIABLE, "token", token_file, dry=dry)
    return Flespi(token, api or BASE, told=asking.told(dry), dry=dry)


def _endpoint(found: Configuration, url: str) -> str:
    """The receiver's path for messages, below the URL that was given."""
    contract = opening.catalogue(found).contract
    paths = [each.path for each in contract.operations if each.source == SOURCE]
    if not paths:
        raise ReceiverError(f"the contract has no path for {SOURCE}")
    base = desk.public(url)
    return base if base.endswith(paths[0]) else base + paths[0]


def _header(found: Configuration) -> tuple[str, str, bool]:
    """The header that proves messages, its value, and whether that is new."""
    from receiver import configured

    contract = opening.catalogue(found).contract
    keys = configured.keyring(found, contract, os.environ).for_source(SOURCE)
    if keys is not None and keys.headers:
        first = keys.headers[0]
        return first.header, first.value.decode(), False
    names = [
        contract.schemes[name].header
        for each in contract.operations
        if each.source == SOURCE
        for name in each.security[0]
        if contract.schemes[name].kind == "static"
    ]
    if not names:
        raise ReceiverError(f"the contract proves {SOURCE} by no header")
    return names[0], secrets.token_urlsafe(32), True


def _plain(stream: dict[str, object]) -> dict[str, object]:
    """A stream's configuration without the values of its headers."""
    told = stream.get("configuration")
    if not isinstance(told, dict):
        return {}
    return {key: value for key, value in told.items() if key != "headers"}
