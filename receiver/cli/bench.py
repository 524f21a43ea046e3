"""`receiver bench`: how fast Receiver is here, beside a bare application and connexion.

Must not know: how anything is measured.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from receiver.cli import output

if TYPE_CHECKING:
    from receiver.benchmark.figures import Figure, Rounds
    from receiver.benchmark.races import Stand
    from receiver.benchmark.traffic import Traffic

FASTEST = 45_000
"""Requests in a second that are made in advance for each second of a race, at most."""

ARRAYS = 200
"""The same for arrays."""

DRAINED = 50_000


def bench(
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Medians of so many.")] = 3,
    seconds: Annotated[int, typer.Option("--seconds", min=1, help="How long each race lasts.")] = 5,
    event: Annotated[
        str | None,
        typer.Option("--event", metavar="TYPE", help="What is sent; else the largest sample."),
    ] = None,
    contract: Annotated[
        str, typer.Option("--contract", metavar="PACKAGE", help="The generated package.")
    ] = "receiver.generated",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure Receiver on this machine, with wrk as the load generator.

    Every race has a server and a store of its own, on the loopback and in the temporary folder
    (TMPDIR): let that be on the disk that matters. Exits 1 when a goal is not met.

    \b
    Examples:
      receiver bench
      receiver bench --rounds 1 --seconds 2 --json
    """
    from receiver import catalogue
    from receiver.benchmark import generator, traffic
    from receiver.benchmark.figures import Rounds
    from receiver.benchmark.races import WARM_ARRAYS, WARM_REQUESTS, Stand

    wrk = generator.find()
    served = catalogue.contract(contract)
    single, arrays = traffic.single(served, event), traffic.arrays(served)
    measured = Rounds({})
    with TemporaryDirectory() as folder:
        stand = Stand(
            wrk, contract, seconds, single, Path(folder, "requests"), Path(folder, "warmup")
        )
        output.tell("making requests …")
        size = single.write(stand.requests, FASTEST * seconds)
        single.write(stand.warmup, WARM_REQUESTS)
        many = Path(folder, "arrays")
        if arrays is not None:
            arrays.write(many, ARRAYS * seconds)
            arrays.write(many.with_suffix(".warm"), WARM_ARRAYS)
        for number in range(1, rounds + 1):
            said = f"round {number} of {rounds}"
            _round(measured, stand, arrays, many, partial(_say, said))
    figures = measured.figures()
    about = {"event": single.event.name, "body_bytes": size, "rounds": rounds, "seconds": seconds}
    if as_json:
        output.structure({**about, **_machine(), "figures": [each.plain() for each in figures]})
    else:
        output.line(", ".join(f"{name} {value}" for name, value in (about | _machine()).items()))
        output.table(_COLUMNS, map(_row, figures))
    if any(figure.met is False for figure in figures):
        raise typer.Exit(1)


def _say(said: str, text: str) -> None:
    output.tell(f"{said}: {text} …")


def _round(
    measured: Rounds,
    stand: Stand,
    arrays: Traffic | None,
    many: Path,
    say: Callable[[str], None],
) -> None:
    """Measure everything once."""
    from receiver.benchmark import delivery
    from receiver.benchmark import figures as names
    from receiver.benchmark.generator import MANY_CONNECTIONS
    from receiver.benchmark.traffic import ARRAY

    races = (
        (names.BARE, partial(stand.bare, "bare")),
        (names.LANE, partial(stand.receiver, 1)),
        (names.OWN, partial(stand.bare, "bare-own")),
        (names.LANES, partial(stand.receiver, 2)),
        (names.CONNEXION, partial(stand.bare, "connexion")),
        (names.BARE_MANY, partial(stand.bare, "bare", MANY_CONNECTIONS)),
        (names.LANE_MANY, partial(stand.receiver, 1, MANY_CONNECTIONS)),
    )
    loads = {}
    for name, race in races:
        say(name)
        loads[name] = load = race()
        measured.add(name, load.rate)
    measured.add(names.OVER, loads[names.LANE].rate)
    if arrays is not None:
        say(names.MESSAGES)
        loads[names.MESSAGES] = load = stand.arrays(arrays, many, many.with_suffix(".warm"))
        measured.add(names.MESSAGES, load.rate * ARRAY)
    measured.add(names.BUSY, max(load.busy for load in loads.values()))
    for name, sink in ((names.DRAIN, delivery.One), (names.DRAIN_MANY, delivery.Many)):
        say(name)
        measured.add(name, delivery.drain(stand.contract, stand.single, sink, DRAINED))
    for name, sink in ((names.REPLAY, delivery.One), (names.REPLAY_MANY, delivery.Many)):
        say(name)
        measured.add(name, delivery.replay(stand.contract, stand.single, sink, DRAINED))
    say("accept to sink")
    delays = delivery.delays(stand.contract, stand.single, stand.seconds)
    measured.add(names.HALF, delays[len(delays) // 2])
    measured.add(names.MOST, delays[len(delays) * 99 // 100])


_COLUMNS = ("what", "median", "unit", "ratio", "to", "goal", "met")


def _row(figure: Figure) -> tuple[Any, ...]:
    value = f"{figure.value:,.0f}" if figure.value >= 100 else f"{figure.value:.2f}"
    ratio = None if figure.ratio is None else f"{figure.ratio:.2f}"
    goal = None if figure.goal is None else str(figure.goal)
    return (figure.name, value, figure.unit, ratio, figure.ratio_to, goal, figure.met)


def _machine() -> dict[str, str]:
    """What it ran on."""
    from receiver.inbox.sqlite.connection import SQLITE_VERSION

    libraries = {name: version(name) for name in ("uvicorn", "uvloop", "httptools", "connexion")}
    return {
        "cpus": str(os.cpu_count()),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()}",
        "python": ".".join(map(str, sys.version_info[:3])),
        "sqlite": SQLITE_VERSION,
        **libraries,
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    named = [line.partition(":")[2] for line in text.splitlines() if line.startswith("model name")]
    return named[0].strip() if named else platform.machine()
