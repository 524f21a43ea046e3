"""`receiver expose`: a public address through zrok, and whether events get through it unharmed.

Must not know: how zrok is run, what a probe finds.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from receiver import running
from receiver.cli import opening, options, output, signing
from receiver.errors import ConfigError, ReceiverError

if TYPE_CHECKING:
    from receiver.contract import Contract
    from receiver.exposure.probe import Report, Sign
    from receiver.settings import Configuration

BROWSER = "as a browser"
SETTLING = 20.0
"""Seconds that a new name may take until it leads here."""


def expose(
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="A name that you have kept (reserved)."),
    ] = None,
    program: Annotated[
        str | None, typer.Option("--zrok", metavar="PROGRAM", help="Else zrok2 or zrok.")
    ] = None,
    probe: Annotated[
        bool, typer.Option("--probe/--no-probe", help="Post signed probes through it.")
    ] = True,
    check: Annotated[
        bool, typer.Option("--check", help="End after the probes; exit 1 if there is trouble.")
    ] = False,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Share the public listener through zrok until Ctrl-C, and print every platform's full URL.

    Signed probes are posted through it: an interstitial page, changed headers and changed bodies
    are named. They are no events of the contract: they end in quarantine, and no sink gets them.

    \b
    Examples:
      receiver expose
      receiver expose --name my-receiver --check
    """
    from receiver.exposure import zrok

    found = opening.configuration(config, store_dir=store_dir)
    contract = opening.catalogue(found).contract
    target = _target(found)
    share = zrok.Share(zrok.find(program), target, name)
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        with share:
            url = share.url()
            _tell_paths(contract, url, target, as_json)
            trouble = probe and _probe(found, contract, url, as_json)
            if check:
                raise typer.Exit(1 if trouble else 0)
            output.tell("shared until Ctrl-C")
            share.wait()
            raise ReceiverError(share.why)
    except KeyboardInterrupt:
        output.tell("the share is taken down")


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def _target(found: Configuration) -> str:
    """The public listener of the receiver that runs here. Raises ReceiverError."""
    import httpx

    from receiver.settings import split_address

    listening = running.url(found.store_path.parent)
    url = listening or running.address(*split_address(found.settings.server.public))
    try:
        httpx.get(f"{url}/healthz", timeout=5.0, trust_env=False).raise_for_status()
    except httpx.HTTPError:
        raise ReceiverError(
            f"no receiver answers at {url}; start `receiver dev` or `receiver serve` first"
        ) from None
    return url


def _tell_paths(contract: Contract, url: str, target: str, as_json: bool) -> None:
    paths = [
        {"source": operation.source, "url": f"{url}{operation.path}"}
        for operation in contract.operations
        if operation.over_http
    ]
    if as_json:
        output.record({"url": url, "target": target, "paths": paths})
        return
    output.line(f"{url} leads to {target}")
    for each in paths:
        output.line(f"  {each['source']:<14} {each['url']}")


def _probe(found: Configuration, contract: Contract, url: str, as_json: bool) -> bool:
    """Whether there was trouble."""
    from receiver.exposure import probe, zrok
    from receiver.settings import split_address

    sign = _sign(found, contract)
    if sign is None:
        output.tell("no probe: there is no source here that can be signed for")
        return False
    admin = running.address(*split_address(found.settings.server.admin))
    zrok.reachable(url, SETTLING)
    trouble = False
    for report in probe.probes(url, sign, lambda: probe.reasons_of(admin)):
        trouble |= bool(report.troubles)
        if as_json:
            output.record(_plain(report))
        else:
            for line in _lines(report):
                output.line(line)
    if not trouble and not as_json:
        output.line("events get through unharmed")
    return trouble


def _sign(found: Configuration, contract: Contract) -> Sign | None:
    """What signs a probe, for the first operation for which there are keys."""
    for operation in contract.operations:
        if operation.transport != "http" or operation.batch:
            continue
        try:
            return signing.prober(found, contract, operation)
        except ConfigError:
            continue
    return None


def _lines(report: Report) -> Iterator[str]:
    if report.name == BROWSER and not report.ids and not report.troubles:
        yield "  note       a browser would see a page in between; senders do not count as one"
    elif not report.troubles:
        yield f"  ok         probe {report.name!r}: quarantined as {', '.join(report.ids)}"
    for trouble in report.troubles:
        yield f"  TROUBLE    probe {report.name!r}: {output.printable(trouble)}"


def _plain(report: Report) -> dict[str, Any]:
    from dataclasses import asdict

    return {"probe": report.name, **{k: v for k, v in asdict(report).items() if k != "name"}}
