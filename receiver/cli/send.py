"""`receiver send`: a signed sample event, as its platform would send it.

Must not know: how signatures are made, or what a receiver does with the event.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from receiver import running
from receiver.cli import opening, options, output, signing
from receiver.errors import ReceiverError

if TYPE_CHECKING:
    import httpx

    from receiver.cli.signing import Request
    from receiver.contract import Contract, EventType
    from receiver.settings import Configuration

TIMEOUT = 30.0
"""Seconds that an answer may take; the platforms wait less."""


MOST_CHOICES = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    said: str
    """`accepted`, `duplicate`, `quarantined`, or the reason phrase."""
    ids: tuple[str, ...]
    problems: tuple[str, ...]
    seconds: float


def send(
    type_: Annotated[
        str, typer.Argument(metavar="TYPE", help="An event type, by its own or its hook's name.")
    ],
    source: Annotated[
        str | None, typer.Option("--source", metavar="NAME", help="Whose, where several have it.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Change the payload; repeatable."),
    ] = None,
    count: Annotated[int, typer.Option("--count", min=1, help="Send so many.")] = 1,
    url: Annotated[
        str | None, typer.Option("--url", help="Where to; else the receiver that runs here.")
    ] = None,
    raw: Annotated[
        Path | None, typer.Option("--raw", metavar="FILE", help="Send these bytes as the body.")
    ] = None,
    as_json: options.Json = False,
    config: options.Config = None,
    store_dir: options.StoreDir = None,
) -> None:
    """Send a signed sample event, as its platform would.

    Exits 1 unless every event was accepted. A VALUE is JSON where it is JSON, else text; a PATH is
    dotted, or a JSON pointer that begins with a slash.

    \b
    Examples:
      receiver send appliance/online
      receiver send appliance/online --set data.applianceID=77 --count 100
      receiver send appliance/online --raw body.json --url https://example.org
    """
    for change in changes or []:
        if not change.partition("=")[0] or "=" not in change:
            way = "write it as PATH=VALUE, such as --set data.x=5"
            raise typer.BadParameter(f"{change!r}: {way}", param_hint="--set")
    found = opening.configuration(config, store_dir=store_dir)
    contract = opening.catalogue(found).contract
    event = find(contract, type_, source)
    target = target_of(found, url)
    make = signing.maker(found, contract, event, changes or [], raw)
    answers = send_all(target, make, count, event, as_json)
    if count > 1 and not as_json:
        output.line(_summary(answers))
    if any(answer.said != "accepted" for answer in answers):
        raise typer.Exit(1)


def find(contract: Contract, name: str, source: str | None) -> EventType:
    """The event type that is meant; ReceiverError that names the choices when there is not one."""
    from receiver.settings import nearest_of

    if source is not None and source not in contract.sources:
        advice = nearest_of(source, sorted(contract.sources), "sources:")
        raise ReceiverError(f"the contract has no source {source!r}; {advice}")
    matching = contract.find(name, source)
    if len(matching) == 1:
        return matching[0]
    if matching:
        choices = ", ".join(f"--source {event.source}" for event in matching)
        raise ReceiverError(f"{name} is an event type of several sources; add one of: {choices}")
    raise ReceiverError(f"there is no event type {name!r}; {_choices(contract, name, source)}")


def _choices(contract: Contract, name: str, source: str | None) -> str:
    from receiver.settings import nearest

    events = [event for event in contract.events if source in (None, event.source)]
    names = [event.name for event in events]
    holding = [known for known in names if name.lower() in known.lower()]
    if holding:
        return f"did you mean {' or '.join(holding[:MOST_CHOICES])}?"
    some = f"there are {len(names)}, such as {', '.join(names[:MOST_CHOICES])}"
    return nearest(name, names + [event.hook for event in events], some)


def target_of(found: Configuration, url: str | None) -> str:
    """Where to send: `--url`, else the receiver that runs here, else what is configured."""
    from receiver.settings import split_address

    if url is None:
        listening = running.url(found.store_path.parent)
        url = listening or running.address(*split_address(found.settings.server.public))
    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter(f"{url!r}: write it with http:// or https://", param_hint="--url")
    return url.rstrip("/")


def send_all(
    target: str, make: Callable[[], Request], count: int, event: EventType, as_json: bool
) -> list[Answer]:
    """Send `count` requests one after the other and tell each answer.

    Raises ReceiverError when there is none.
    """
    import httpx

    answers = []
    with httpx.Client(base_url=target, timeout=TIMEOUT, trust_env=False) as client:
        for _ in range(count):
            request = make()
            try:
                answer = _post(client, request)
            except httpx.ConnectError:
                raise ReceiverError(
                    f"nothing listens at {target}; start `receiver dev` in another terminal"
                ) from None
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                what = type(error).__name__
                raise ReceiverError(
                    f"{target}{request.path}: no answer ({what}: {error})"
                ) from None
            answers.append(answer)
            if as_json:
                output.record({"type": event.name, "path": request.path, **_plain(answer)})
            else:
                output.line(_line(event, request, answer))
    return answers


def _post(client: httpx.Client, request: Request) -> Answer:
    started = time.perf_counter()
    response = client.post(request.path, content=request.body, headers=request.headers)
    seconds = time.perf_counter() - started
    try:
        said = json.loads(response.content)
    except ValueError:
        said = {}
    said = said if isinstance(said, dict) else {}
    ids = said.get("ids") or ([said["id"]] if "id" in said else [])
    word = said.get("status") if response.status_code == 200 else response.reason_phrase
    return Answer(
        status=response.status_code,
        said=str(word or response.reason_phrase),
        ids=tuple(str(found) for found in ids),
        problems=tuple(str(problem) for problem in said.get("problems", ())),
        seconds=seconds,
    )


def _line(event: EventType, request: Request, answer: Answer) -> str:
    ids = ", ".join(answer.ids) or output.MISSING
    problems = f"  {'; '.join(answer.problems)}" if answer.problems else ""
    return output.printable(
        f"{answer.status} {answer.said}  {ids}  {answer.seconds * 1000:.1f} ms  "
        f"{event.name} to {request.path}{problems}"
    )


def _plain(answer: Answer) -> dict[str, Any]:
    return {
        "status": answer.status,
        "said": answer.said,
        "ids": list(answer.ids),
        "problems": list(answer.problems),
        "ms": round(answer.seconds * 1000, 1),
    }


def _summary(answers: list[Answer]) -> str:
    words = sorted({answer.said for answer in answers})
    counts = ", ".join(f"{sum(a.said == word for a in answers)} {word}" for word in words)
    times = [answer.seconds * 1000 for answer in answers]
    return (
        f"{len(answers)} sent: {counts}; median {statistics.median(times):.1f} ms, "
        f"slowest {max(times):.1f} ms"
    )
