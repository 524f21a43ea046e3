"""`receiver simulate`: a platform under load, with an account of every event in the end.

Must not know: how a platform sends, how an account is made.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from receiver.cli import opening, options, output
from receiver.cli.send import target_of
from receiver.errors import ReceiverError

if TYPE_CHECKING:
    from receiver.cli.traffic import Way
    from receiver.contract import Contract
    from receiver.settings import Configuration
    from receiver.simulation.account import Account, Found
    from receiver.simulation.sender import Sender

BATCH = 100


def share(text: str) -> float:
    """A part of something: `2%` or `0.02`."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no part; write 2% or 0.02") from None
    if not 0 <= value <= 1:
        raise typer.BadParameter(f"{text!r} is not between 0 and 100 %")
    return value


def simulate(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Whose events are sent.")],
    rate: Annotated[float, typer.Option("--rate", min=0.1, help="Events in a second.")] = 100,
    count: Annotated[
        int | None, typer.Option("--count", min=1, help="Events in all; else for --seconds.")
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="How long.")] = 10,
    types: options.Types = None,
    transport: Annotated[
        str, typer.Option("--transport", metavar="http|sns", help="By which way they come.")
    ] = "http",
    duplicates: Annotated[
        str, typer.Option("--duplicates", metavar="PART", help="Part that is sent twice.")
    ] = "0%",
    bad_signatures: Annotated[
        str, typer.Option("--bad-signatures", metavar="PART", help="Forgeries beside, as a part.")
    ] = "0%",
    reordered: Annotated[
        str, typer.Option("--reordered", metavar="PART", help="Part that comes out of order.")
    ] = "0%",
    burst: Annotated[int, typer.Option("--burst", min=1, help="Events at the same moment.")] = 1,
    nodes: Annotated[int, typer.Option("--nodes", min=1, help="Devices they are about.")] = 100,
    pause: Annotated[
        float, typer.Option("--pause", min=0, help="Seconds between two tries, at most.")
    ] = 1.0,
    wait: Annotated[
        float, typer.Option("--wait", min=0, help="Seconds to wait for the deliveries.")
    ] = 60,
    url: Annotated[
        str | None, typer.Option("--url", help="Where to; else the receiver that runs here.")
    ] = None,
    admin: Annotated[
        str | None,
        typer.Option("--admin", metavar="URL", help="Admin listener to ask; else the inbox here."),
    ] = None,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Send signed samples as their platform would, under load, and account for every one of them.

    What is not taken is sent again by the platform's own rule, as the spec says (`retries`). In the
    end the inbox on this machine is asked for each event, and for what its routes made of it; with
    --admin the API of that admin listener, by an admin's token in RECEIVER_TOKEN. Exits 1 when an
    event is lost (answered and not kept, or given up by its platform's rule), or a forgery was
    taken.

    With --transport sns they come as Amazon SNS delivers them, signed by a key that was made here.
    `receiver dev` knows its certificate; a receiver that refuses it is to be told what is said
    then.

    \b
    Examples:
      receiver simulate SOURCE --rate 500 --duplicates 2% --bad-signatures 1%
      receiver simulate SOURCE --transport sns --duplicates 5%
      receiver simulate SOURCE --count 10000 --burst 200 --json
      receiver simulate SOURCE --url https://hooks.example.com --admin http://10.0.0.5:9090
    """
    from receiver.simulation.account import Account, verdict
    from receiver.simulation.plan import Plan
    from receiver.simulation.remote import ask_admin

    if transport not in ("http", "sns"):
        raise typer.BadParameter(f"{transport!r}: write http or sns", param_hint="--transport")
    token = os.environ.get("RECEIVER_TOKEN", "")
    if admin and not token:
        raise ReceiverError("--admin needs an admin's token: set the variable RECEIVER_TOKEN")
    found = opening.configuration(config, store_dir=store_dir)
    plan = Plan(
        count=count if count is not None else max(1, round(rate * seconds)),
        rate=rate,
        duplicates=share(duplicates),
        bad_signatures=share(bad_signatures),
        reordered=share(reordered),
        burst=burst,
    )
    account = Account()
    contract = opening.catalogue(found).contract
    target = target_of(found, url)
    way = _way(found, contract, source, transport)
    sender = _sender(way, contract, source, types, nodes, account, target, pause)
    _run(sender, plan)
    if not account.statuses or set(account.statuses) == {"ConnectError"}:
        raise ReceiverError(f"nothing listens at {target}; start `receiver dev` first")
    asked: Found | None
    if admin:
        asked = asyncio.run(ask_admin(admin, token, account.ids, wait, output.tell))
    else:
        asked = _ask(found, account, wait) if url is None else None
    told = verdict(account, asked)
    if as_json:
        output.structure({"source": source, **told})
    else:
        _tell(told)
    if account.given_up and (account.statuses["401"] > account.forgeries or not account.ids):
        for line in way.wanting(here=url is None):
            output.tell(line)
    if not told["passed"]:
        raise typer.Exit(1)


def _run(sender: Sender, plan: Any) -> None:
    from random import SystemRandom

    try:
        asyncio.run(sender.run(plan.sendings(SystemRandom())))
    except KeyboardInterrupt:
        output.tell("interrupted; what was sent so far:")


def _way(found: Configuration, contract: Contract, source: str, transport: str) -> Way:
    from receiver.cli.snstraffic import Delivered
    from receiver.cli.traffic import Signed
    from receiver.settings import nearest_of

    if source not in contract.sources:
        advice = nearest_of(source, sorted(contract.sources), "sources:")
        raise ReceiverError(f"the contract has no source {source!r}; {advice}")
    return Delivered(found, contract, source) if transport == "sns" else Signed(found, contract)


def _sender(
    way: Way,
    contract: Contract,
    source: str,
    types: list[str] | None,
    nodes: int,
    account: Account,
    target: str,
    pause: float,
) -> Sender:
    from receiver.cli.traffic import Traffic, chosen
    from receiver.simulation.sender import Sender

    traffic = Traffic(way, chosen(way, contract, source, types), nodes)
    return Sender(
        target=target,
        make=traffic,
        rule=contract.sources[source].retries,
        pause=pause,
        account=account,
        progress=output.tell,
        batch=BATCH if traffic.batch_of else 0,
    )


def _ask(found: Configuration, account: Account, wait: float) -> Found | None:
    from receiver.simulation.asking import ask

    if not Path(found.store_path).exists():
        output.tell("there is no inbox on this machine to ask what became of them")
        return None
    return opening.with_inbox(found, lambda inbox: ask(inbox, account.ids, wait, output.tell))


def _tell(told: dict[str, Any]) -> None:
    for key in ("sent", "requests", "sent_again", "accepted", "duplicate", "quarantined"):
        output.line(f"{key.replace('_', ' '):<15} {told[key]}")
    statuses = (f"{status} {count}" for status, count in told["statuses"].items())
    output.line(f"{'answers':<15} {', '.join(statuses)}")
    forged = told["bad_signatures"]
    output.line(f"{'bad signatures':<15} {forged['sent']} sent, {forged['taken']} taken")
    delays = (f"{name} {value} ms" for name, value in told["delays_ms"].items())
    output.line(f"{'delays':<15} {', '.join(delays) or output.MISSING}")
    for name, counts in (told["delivered"] or {}).items():
        states = ", ".join(f"{count} {state}" for state, count in counts.items())
        output.line(f"{'route':<15} {output.cell(name)}: {states}")
    output.line(f"{'lost':<15} {told['lost']}")
    for number, why in told["given_up"].items():
        output.line(f"  event {number} was given up: {why}")
    for event_id in told["lost_ids"]:
        output.line(f"  {event_id} was answered, and is not in the inbox")
