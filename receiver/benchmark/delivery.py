"""How fast the dispatcher drains an inbox, and how long an event takes from acceptance to a sink.

Must not know: what the figures should be.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import uuid_utils

from receiver import catalogue
from receiver.benchmark.races import configuration
from receiver.benchmark.traffic import NODES, Traffic
from receiver.dispatch import Dispatcher, Route
from receiver.errors import ReceiverError
from receiver.event import Event
from receiver.hookspecs import hookimpl
from receiver.inbox import Entry, Query
from receiver.inbox.sqlite import SqliteInbox, open_store
from receiver.plugins import Plugin
from receiver.sink import Sink
from receiver.testing import RunningReceiver

RATE = 1_000
"""Events in a second, when delays are measured."""

_CONNECTIONS = 8
_PAGE = 500
_PATIENCE = 300.0

_TIMING_SINK = """
import time
from receiver import Sink, hookimpl

class Timing(Sink):
    \"\"\"Write down how long ago each event was received, in milliseconds.\"\"\"

    async def open(self):
        self.delays = []

    async def close(self):
        with open("delays.txt", "w") as file:
            file.writelines(f"{delay}\\n" for delay in self.delays)

    @hookimpl
    async def on_event(self, event):
        self.delays.append((time.time() - event.received_at.timestamp()) * 1000)
"""


class One(Sink):
    """Does nothing, for one event at a time."""

    @hookimpl
    async def on_event(self, event: Event[Any]) -> None:
        """Delivered."""


class Many(Sink):
    """Does nothing, for many events at once."""

    @hookimpl
    async def on_batch(self, events: list[Event[Any]]) -> None:
        """Delivered."""


def drain(contract: str, traffic: Traffic, sink: type[Sink], amount: int) -> float:
    """Events in a second that one route takes from a full inbox to a sink that does nothing."""
    with TemporaryDirectory() as folder:
        return asyncio.run(_drain(Path(folder), contract, traffic, sink, amount))


def replay(contract: str, traffic: Traffic, sink: type[Sink], amount: int) -> float:
    """Old events in a second that one route delivers again, to a sink that does nothing."""
    with TemporaryDirectory() as folder:
        return asyncio.run(_replay(Path(folder), contract, traffic, sink, amount))


async def _drain(
    folder: Path, contract: str, traffic: Traffic, sink: type[Sink], amount: int
) -> float:
    inbox, dispatcher = await _filled(folder, contract, traffic, sink, amount)
    began = time.perf_counter()
    delivering = asyncio.create_task(dispatcher.run())
    await _until_delivered(dispatcher, amount)
    took = time.perf_counter() - began
    await dispatcher.stop()
    await delivering
    await inbox.close()
    return amount / took


async def _replay(
    folder: Path, contract: str, traffic: Traffic, sink: type[Sink], amount: int
) -> float:
    inbox, dispatcher = await _filled(folder, contract, traffic, sink, amount)
    delivering = asyncio.create_task(dispatcher.run())
    await _until_delivered(dispatcher, amount)
    began = time.perf_counter()
    now = datetime.now(UTC)
    await inbox.ask_replay("noop", Query(), low=0, high=amount, at=now)
    await _until_delivered(dispatcher, 2 * amount)
    took = time.perf_counter() - began
    await dispatcher.stop()
    await delivering
    await inbox.close()
    return amount / took


async def _filled(
    folder: Path, contract: str, traffic: Traffic, sink: type[Sink], amount: int
) -> tuple[SqliteInbox, Dispatcher]:
    """A full inbox, and the dispatcher of one route that is about to begin."""
    served = catalogue.load(contract)
    inbox = open_store(folder / "inbox.db")
    plugin = Plugin("noop", "the benchmark", lambda: sink)
    route = Route(name="noop", plugin=plugin, start="beginning", batch=_PAGE)
    dispatcher = Dispatcher(inbox, served, [route])
    await dispatcher.register()
    entries = _entries(traffic, amount)
    while page := [entry for _, entry in zip(range(_PAGE), entries, strict=False)]:
        await inbox.append(page)
    await inbox.upkeep()
    return inbox, dispatcher


async def _until_delivered(dispatcher: Dispatcher, amount: int) -> None:
    began = time.perf_counter()
    while (done := dispatcher.statuses()[0]).delivered < amount:
        if done.failed or time.perf_counter() - began > _PATIENCE:
            raise ReceiverError(f"the drain stands still: {done.last_error}")
        await asyncio.sleep(0.005)


def _entries(traffic: Traffic, amount: int) -> Iterator[Entry]:
    now = datetime.now(UTC)
    for number, request in enumerate(traffic.requests(amount)):
        yield Entry(
            id=str(uuid_utils.uuid7()),
            source=traffic.operation.source,
            type=traffic.event.name,
            key=None,
            dedup_key=None,
            dedup_window=None,
            time=now,
            received_at=now,
            node=f"node-{number % NODES}",
            user=None,
            raw=request.partition(b"\r\n\r\n")[2],
            operation=traffic.operation.id,
            secret="bench",  # noqa: S106 (a name)
        )


def delays(contract: str, traffic: Traffic, seconds: float) -> list[float]:
    """Milliseconds from acceptance to the call of a sink, sorted, at RATE events in a second.

    Those of the first second, in which every process opens the inbox, are left out.
    """
    requests = list(traffic.requests(RATE + round(RATE * seconds)))
    config = configuration(contract, traffic, '[routes.timing]\nsink = "timing"\n')
    with TemporaryDirectory() as folder:
        serving = RunningReceiver(
            Path(folder),
            config=config,
            plugins={"timing.py": _TIMING_SINK},
            arguments=["--workers", "1"],
            command="serve",
        )
        with serving:
            # Backstage takes a second or more to start: only then is there anybody to deliver.
            asyncio.run(_paced(serving.url, requests[:1]))
            asyncio.run(_delivered(Path(folder)))
            asyncio.run(_paced(serving.url, requests[1:]))
            asyncio.run(_delivered(Path(folder)))
        written = Path(folder, "delays.txt")
        found = [float(line) for line in written.read_text().split()] if written.exists() else []
    if len(found) < len(requests):
        raise ReceiverError(f"{len(requests)} events were sent, {len(found)} reached the sink")
    return sorted(found[RATE:])


async def _delivered(folder: Path) -> None:
    """Wait until the route has everything; what it has is written when it is stopped."""
    inbox = open_store(folder / ".receiver" / "inbox.db")
    try:
        async with asyncio.timeout(_PATIENCE):
            while [place.lag for place in await inbox.places()] != [0]:  # noqa: ASYNC110
                await asyncio.sleep(0.1)  # it is another process that delivers
    finally:
        await inbox.close()


async def _paced(url: str, requests: list[bytes]) -> None:
    """Send requests at RATE, over several connections, each at its own time."""
    address = urlsplit(url)
    began = time.perf_counter() + 0.1

    async def send(first: int) -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        for number in range(first, len(requests), _CONNECTIONS):
            await asyncio.sleep(began + number / RATE - time.perf_counter())
            writer.write(requests[number])
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise ReceiverError(f"an event was answered {head[:12].decode('ascii', 'replace')}")
            fields = head.lower().partition(b"content-length:")[2]
            await reader.readexactly(int(fields.partition(b"\r\n")[0]))
        writer.close()

    await asyncio.gather(*(send(first) for first in range(_CONNECTIONS)))
