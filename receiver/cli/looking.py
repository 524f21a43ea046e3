"""`receiver dev --from URL`: shows messages where they lie, and leaves them there.

No file is written. Must not know: any transport, how messages become events.
"""

from __future__ import annotations

import asyncio
import getpass
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import typer
from pydantic import BaseModel

from receiver.cli import output
from receiver.errors import PluginError, ReceiverError

if TYPE_CHECKING:
    from receiver.catalogue import Catalogue
    from receiver.inbox import Entry
    from receiver.receipt import Receipt
    from receiver.transports import Brought, Pull

OPTION = "--from"
REMEMBERED = 10_000
"""Messages that are known again when they are handed out once more, at most."""


def look(url: str, source: str | None, catalogue: Catalogue) -> None:
    """Print what comes until Ctrl-C. Raises ReceiverError for what cannot be looked at."""
    from receiver import logs
    from receiver.transports import Guess, Puller

    pull, known = chosen(url, source, catalogue, os.environ)
    logs.configure("text", level=logging.WARNING)
    reader = None if known else Guess(catalogue, pull.name)
    puller = Puller(pull, catalogue, Printer(catalogue), reader=reader)
    output.tell(f"receiver: looking at {url}; nothing is kept, and nothing removed there; Ctrl-C")
    asyncio.run(_until_interrupted(puller.run()))


def chosen(
    url: str, source: str | None, catalogue: Catalogue, environ: Mapping[str, str]
) -> tuple[Pull, bool]:
    """The pull for a URL, and whether it is known of which source its messages are.

    A setting that the URL does not tell comes from the variable SCHEME_SETTING; a secret that is
    needed and not there is asked for.
    """
    from receiver.settings import nearest_of
    from receiver.transports import Pull, made

    sources = list(catalogue.contract.sources)
    if source is not None and source not in sources:
        raise typer.BadParameter(nearest_of(source, sources, "there are"), param_hint="--source")
    brought = _transport(url)
    loaded = brought.load()
    try:
        told = dict(loaded.looking(url))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=OPTION) from None
    settings = _completed(told, loaded.Settings, str(loaded.scheme).upper(), environ)
    whose = source or loaded.source
    if whose is not None and whose not in sources:
        raise ReceiverError(f"the contract has no source {whose}; name one with --source")
    pull = Pull(source=whose or sources[0], name="dev", transport=brought, settings=settings)
    made(pull)
    return pull, whose is not None


def _transport(url: str) -> Brought:
    """The transport for the scheme of a URL."""
    from receiver.transports import discover

    scheme, separator, _ = url.partition("://")
    schemes: dict[str, Brought] = {}
    for brought in discover().values():
        with suppress(PluginError):  # one that is broken serves no scheme
            found = brought.load().scheme
            if found is not None:
                schemes[found] = brought
    if not separator or scheme not in schemes:
        known = ", ".join(f"{name}://" for name in schemes) or "none"
        raise typer.BadParameter(
            f"no installed transport takes {url!r}; those that are there take {known}",
            param_hint=OPTION,
        )
    return schemes[scheme]


def _completed(
    told: dict[str, Any], settings: type[BaseModel], scheme: str, environ: Mapping[str, str]
) -> dict[str, Any]:
    """The settings with what the environment says; needed secrets are asked for."""
    for name, field in settings.model_fields.items():
        variable = f"{scheme}_{name.upper()}"
        if told.get(name) is not None:
            continue  # the URL says so
        if environ.get(variable):
            told[name] = environ[variable]
        elif field.is_required() and "Secret" in repr(field.annotation):
            if not sys.stdin.isatty():
                raise ReceiverError(f"the {name} is missing; set the variable {variable}")
            told[name] = getpass.getpass(f"{scheme.lower()} {name}: ")
    return {name: value for name, value in told.items() if value is not None}


class Printer:
    """Prints in place of an inbox: for people on a terminal, JSON lines into anything else."""

    def __init__(self, catalogue: Catalogue) -> None:
        from rich.console import Console

        self._catalogue = catalogue
        self._terminal = Console(soft_wrap=True, highlight=False) if sys.stdout.isatty() else None
        self._seen: dict[bytes, str] = {}
        self._count = 0

    async def cursor(self, name: str) -> str | None:
        """Nothing is remembered from one run to the next."""
        return None

    async def append(
        self, batch: Sequence[Entry], cursor: tuple[str, str] | None = None
    ) -> list[Receipt]:
        """Print what was not printed before."""
        from receiver.receipt import Receipt, Status

        receipts = []
        for entry in batch:
            first = self._seen.get(entry.dedup_key) if entry.dedup_key is not None else None
            if first is not None:
                receipts.append(Receipt(Status.DUPLICATE, first))
                continue
            if entry.dedup_key is not None:
                if len(self._seen) >= REMEMBERED:
                    del self._seen[next(iter(self._seen))]
                self._seen[entry.dedup_key] = entry.id
            self._show(entry)
            status = Status.QUARANTINED if entry.problems else Status.ACCEPTED
            receipts.append(Receipt(status, entry.id, entry.problems))
        return receipts

    def _show(self, entry: Entry) -> None:
        from receiver.event import Event
        from receiver.sinks import console, text

        self._count += 1
        for problem in entry.problems:
            output.tell(f"receiver: message {self._count} would be quarantined: {problem}")
        event: Event[Any] = Event(
            seq=self._count,
            id=entry.id,
            source=entry.source,
            type=entry.type,
            key=entry.key,
            time=entry.time,
            received_at=entry.received_at,
            node=entry.node,
            user=entry.user,
            raw=entry.raw,
        )
        try:
            if self._terminal is None:
                output.line(text.line(event))
            else:
                console.show(self._terminal, event)
        except ValueError:  # what is no JSON at all
            output.line(output.printable(entry.raw.decode("utf-8", "backslashreplace")))


async def _until_interrupted(work: Any) -> None:
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task
