"""`receiver platform solarnetwork`: event hooks that write to an SQS queue.

Must not know: how the platform's API is spoken.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from receiver.cli import options, output
from receiver.cli.platforms import asking, desk

if TYPE_CHECKING:
    from receiver.platforms.solarnetwork import SolarUser

TOKEN = "SOLARNETWORK_TOKEN"  # noqa: S105 (the name of a variable)
SECRET = "SOLARNETWORK_SECRET"  # noqa: S105 (the name of a variable)
HOOK_COLUMNS = ("hook", "name", "topic", "nodes", "sources", "sends to")

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Event hooks of SolarNetwork; the token is in SOLARNETWORK_TOKEN and "
    "SOLARNETWORK_SECRET, or asked for.",
)
hooks = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="The hooks of your user.")
app.add_typer(hooks, name="hooks")

SecretFile = Annotated[
    Path | None,
    typer.Option("--secret-file", metavar="FILE", help="A file that holds the token's secret."),
]


@app.command("topics")
def topics(
    secret_file: SecretFile = None,
    dry_run: asking.DryRun = False,
    as_json: options.Json = False,
    api: desk.Api = None,
) -> None:
    """List what hooks may be made for.

    \b
    Example:
      receiver platform solarnetwork topics
    """
    found = _client(secret_file, dry_run, api).topics()
    if not dry_run:
        _show(found, as_json)


@app.command("services")
def services(
    secret_file: SecretFile = None,
    dry_run: asking.DryRun = False,
    as_json: options.Json = False,
    api: desk.Api = None,
) -> None:
    """List where hooks may send to.

    \b
    Example:
      receiver platform solarnetwork services --json
    """
    found = _client(secret_file, dry_run, api).services()
    if not dry_run:
        _show(found, as_json)


@hooks.command("list")
def list_hooks(
    secret_file: SecretFile = None,
    dry_run: asking.DryRun = False,
    as_json: options.Json = False,
    api: desk.Api = None,
) -> None:
    """List your hooks; secrets of them are digests.

    \b
    Example:
      receiver platform solarnetwork hooks list
    """
    found = _client(secret_file, dry_run, api).hooks()
    if dry_run:
        return
    if as_json:
        output.structure(found)
        return
    rows = [
        (
            each.get("id"),
            each.get("name"),
            each.get("topic"),
            each.get("nodeIds") or "all",
            each.get("sourceIds") or "all",
            (each.get("serviceProperties") or {}).get("queueName"),
        )
        for each in found
    ]
    output.table(HOOK_COLUMNS, rows, empty="there are no hooks")


@hooks.command("save", short_help="Make a hook that writes to an SQS queue, or replace one.")
def save_hook(
    queue: Annotated[str, typer.Option("--queue", metavar="NAME", help="The SQS queue.")],
    region: Annotated[str, typer.Option("--region", metavar="REGION", help="Where it is.")],
    name: Annotated[str, typer.Option("--name", help="What the hook is called.")] = "receiver",
    topic: Annotated[str, typer.Option("--topic", help="What it is for.")] = "datum/agg/update",
    nodes: Annotated[
        list[int] | None, typer.Option("--node", metavar="ID", help="Only this node; repeatable.")
    ] = None,
    sources: Annotated[
        list[str] | None,
        typer.Option("--source", metavar="PATTERN", help="Only these, such as /power/**."),
    ] = None,
    number: Annotated[
        int | None, typer.Option("--id", min=1, help="Replace this hook instead of making one.")
    ] = None,
    service: Annotated[
        str | None, typer.Option("--service", metavar="ID", help="As `services` tells it.")
    ] = None,
    secret_file: SecretFile = None,
    dry_run: asking.DryRun = False,
    as_json: options.Json = False,
    api: desk.Api = None,
) -> None:
    """Make a hook that writes to an SQS queue, or replace one.

    The keys with which SolarNetwork writes are in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or
    asked for: give it keys of its own that may send to this queue and nothing else. The queue is a
    standard one.

    \b
    Example:
      receiver platform solarnetwork hooks save --region eu-west-1 --queue solar --node 456
    """
    access = asking.secret("AWS_ACCESS_KEY_ID", "access key of the queue", dry=dry_run)
    private = asking.secret("AWS_SECRET_ACCESS_KEY", "secret key of the queue", dry=dry_run)
    client = _client(secret_file, dry_run, api)
    made = client.save(
        name=name,
        topic=topic,
        service=service or client.queue_service(),
        properties={
            "region": region,
            "queueName": queue,
            "accessKey": access,
            "secretKey": private,
        },
        nodes=nodes or (),
        sources=sources or (),
        number=number,
    )
    if made is None:
        return
    if as_json:
        output.structure(made)
        return
    output.line(f"hook        {made.get('id')}, {topic} to {queue} in {region}")
    output.line("add to receiver.toml, with the plugin receiver-sqs installed:")
    output.line(
        "\n[sources.solarnetwork.pull.hooks]\n"
        f'transport = "sqs"\nregion = "{region}"\nqueue = "{queue}"'
    )


@hooks.command("remove")
def remove_hook(
    number: Annotated[int, typer.Argument(metavar="ID", min=1, help="The hook's number.")],
    yes: asking.Yes = False,
    secret_file: SecretFile = None,
    dry_run: asking.DryRun = False,
    api: desk.Api = None,
) -> None:
    """Remove a hook; asks first.

    \b
    Example:
      receiver platform solarnetwork hooks remove 234
    """
    client = _client(secret_file, dry_run, api)
    asking.confirm(f"Remove hook {number}?", yes or dry_run)
    client.remove(number)
    if not dry_run:
        output.line(f"removed     hook {number}")


def _client(secret_file: Path | None, dry: bool, api: str | None) -> SolarUser:
    from receiver.platforms.solarnetwork import BASE, SolarUser

    token = asking.secret(TOKEN, "security token", dry=dry)
    secret = asking.secret(SECRET, "secret of the token", secret_file, dry=dry)
    return SolarUser(token, secret, api or BASE, told=asking.told(dry), dry=dry)


def _show(found: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        output.structure(found)
        return
    rows = [(each.get("id"), each.get("localizedName")) for each in found]
    output.table(("id", "name"), rows, empty="there are none")
