"""Runs each contestant under load: a server of its own, warmed up, measured, and checked.

Must not know: what the figures should be.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from receiver.benchmark import generator
from receiver.benchmark.generator import CONNECTIONS, Load
from receiver.benchmark.traffic import ARRAY, Traffic
from receiver.errors import ReceiverError
from receiver.inbox.sqlite import open_store
from receiver.testing import RunningReceiver

WARM_SECONDS = 1
WARM_REQUESTS = 20_000
WARM_ARRAYS = 150
ARRAY_CONNECTIONS = 8
_STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Race:
    """What is sent to a receiver, and how."""

    name: str
    traffic: Traffic
    requests: Path
    warmup: Path
    warm: int
    """Different requests in `warmup`."""
    connections: int
    events: int = 1
    """In each request."""


@dataclass(frozen=True, slots=True)
class Stand:
    """What every race of one run uses."""

    wrk: str
    contract: str
    """The dotted name of the generated package."""
    seconds: float
    single: Traffic
    requests: Path
    warmup: Path

    def bare(self, name: str, connections: int = CONNECTIONS) -> Load:
        """A contestant that keeps nothing."""
        with _served(name, self.contract, self.single.operation.id) as port:
            url = f"http://127.0.0.1:{port}"
            generator.run(self.wrk, url, self.warmup, WARM_SECONDS, connections)
            load = generator.run(self.wrk, url, self.requests, self.seconds, connections)
        return _sound(name, load)

    def receiver(self, workers: int, connections: int = CONNECTIONS) -> Load:
        """`receiver serve`, without routes."""
        name = f"receiver, workers: {workers}"
        race = Race(name, self.single, self.requests, self.warmup, WARM_REQUESTS, connections)
        return self._keeping(race, workers)

    def arrays(self, traffic: Traffic, requests: Path, warmup: Path) -> Load:
        """As `receiver`, with one worker and a whole array in each request."""
        name = "receiver, arrays"
        race = Race(name, traffic, requests, warmup, WARM_ARRAYS, ARRAY_CONNECTIONS, ARRAY)
        return self._keeping(race, workers=1)

    def _keeping(self, race: Race, workers: int) -> Load:
        """Every event that was answered must be in the inbox."""
        config = configuration(self.contract, race.traffic)
        with TemporaryDirectory() as folder:
            arguments = ["--workers", str(workers)]
            serving = RunningReceiver(
                Path(folder), config=config, arguments=arguments, command="serve"
            )
            with serving:
                url, many = serving.url, race.connections
                warm = generator.run(self.wrk, url, race.warmup, WARM_SECONDS, many)
                load = generator.run(self.wrk, url, race.requests, self.seconds, many)
            kept = asyncio.run(_kept(Path(folder)))
        answered = min(_sound(race.name, warm).requests, race.warm)
        answered += _sound(race.name, load).requests
        if kept < answered * race.events:
            raise ReceiverError(
                f"{race.name}: {answered * race.events} events were answered and {kept} are kept: "
                "either the requests ran out, or this is a fault of Receiver's"
            )
        return load


def configuration(contract: str, traffic: Traffic, routes: str = "") -> str:
    """A receiver.toml for one kind of traffic."""
    return f'contract = "{contract}"\nautoroute = false\n\n{traffic.configuration()}\n{routes}'


def _sound(name: str, load: Load) -> Load:
    if load.refused or load.broken:
        raise ReceiverError(
            f"{name}: of {load.requests} answers {load.refused} were no success, and "
            f"{load.broken} connections failed"
        )
    return load


async def _kept(folder: Path) -> int:
    inbox = open_store(folder / ".receiver" / "inbox.db")
    try:
        return (await inbox.figures()).events
    finally:
        await inbox.close()


@contextmanager
def _served(name: str, contract: str, operation: str) -> Iterator[int]:
    """The port of a contestant that runs while in the block."""
    process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
        [sys.executable, "-m", "receiver.benchmark.contestants", name, contract, operation],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        with process.stdout:
            said = process.stdout.readline()
        if not said.strip().isdigit():
            raise ReceiverError(f"{name} did not start")
        yield int(said)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
