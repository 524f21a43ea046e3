"""What `receiver status` shows: put together, judged, laid out.

Must not know: options, terminals.
"""

from __future__ import annotations

import http.client
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from receiver import bulletin, notices, running
from receiver.cli import output
from receiver.cli.layout import lay_out
from receiver.cli.replaying import plain as plain_replay
from receiver.cli.replaying import said
from receiver.cli.routing import Row, rows

if TYPE_CHECKING:
    from receiver.inbox import Figures, Inbox
    from receiver.inbox.replays import Replay
    from receiver.settings import Configuration

ANSWER_SECONDS = 1.0
NEARLY_FULL = 0.05
"""The part of a disk that should stay free."""
WORRYING = ("failing", "stuck", "stopped")
"""States of a puller that does not bring events."""
PULL_COLUMNS = (
    "pull",
    "transport",
    "state",
    "last heard",
    "last event",
    "accepted",
    "duplicates",
    "quarantined",
    "last error",
)
COLUMNS = ("route", "sink", "state", "lag", "rate", "waiting", "held", "dead", "last error")


@dataclass(frozen=True, slots=True)
class Listener:
    """One address, and whether anybody answers there."""

    name: str
    url: str
    answers: bool


@dataclass(frozen=True, slots=True)
class Status:
    """Everything at a glance."""

    at: datetime
    delivering: int | None
    """The number of the process that delivers; None: there is none."""
    routes: list[Row]
    pulls: list[dict[str, Any]]
    """How each puller is doing, as the process that delivers tells it."""
    replays: list[Replay]
    """Those that are not over."""
    figures: Figures
    durability: str
    dedup_window: float
    dedup_keys: int
    store: str
    disk_free: int
    disk_size: int
    listeners: list[Listener]
    worries: list[str]
    """What needs a person."""

    @property
    def remembered(self) -> timedelta | None:
        """How long ago the oldest dedup key that is still remembered came: the window in effect."""
        since = self.figures.dedup_since
        return None if since is None else self.at - since

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        figures = self.figures
        remembered = self.remembered
        return {
            "at": self.at,
            "worries": self.worries,
            "delivering_pid": self.delivering,
            "routes": [row.plain() for row in self.routes],
            "pulls": self.pulls,
            "replays": [plain_replay(each) for each in self.replays],
            "inbox": {
                "path": self.store,
                "durability": self.durability,
                "events": figures.events,
                "last_seq": figures.last_seq,
                "oldest_event": figures.oldest_event,
                "quarantined": figures.quarantined,
                "dead": figures.dead,
                "bytes_used": figures.bytes_used,
                "bytes_reusable": figures.bytes_free,
            },
            "dedup": {
                "keys": figures.dedup_keys,
                "most_keys": self.dedup_keys,
                "window_seconds": self.dedup_window,
                "in_effect_seconds": None if remembered is None else remembered.total_seconds(),
            },
            "disk": {"free": self.disk_free, "size": self.disk_size},
            "listeners": [
                {"name": each.name, "url": each.url, "answers": each.answers}
                for each in self.listeners
            ],
        }


async def collect(inbox: Inbox, found: Configuration) -> Status:
    """Ask everybody."""
    now = datetime.now(UTC)
    folder = found.store_path.parent
    disk = shutil.disk_usage(folder)
    told = bulletin.read(folder, now)
    made = await rows(inbox, found)
    figures = await inbox.figures()
    listeners = list(_listeners(found))
    store = found.settings.store
    return Status(
        at=now,
        delivering=told.pid if told else None,
        routes=made,
        pulls=told.pulls if told else [],
        replays=await inbox.replays(unfinished=True),
        figures=figures,
        durability=store.durability,
        dedup_window=store.dedup_window,
        dedup_keys=store.dedup_keys,
        store=str(found.store_path),
        disk_free=disk.free,
        disk_size=disk.total,
        listeners=listeners,
        worries=[
            *_worries(
                made,
                told.pulls if told else [],
                figures,
                told is not None,
                disk.free / max(1, disk.total),
            ),
            *(notice.line for notice in notices.read(folder)),
        ],
    )


def _worries(
    made: list[Row],
    pulls: list[dict[str, Any]],
    figures: Figures,
    delivering: bool,
    free: float,
) -> Iterator[str]:
    if not delivering and any(row.lag or row.waiting or row.held for row in made):
        yield "nobody delivers from this store: start receiver serve, or receiver backstage"
    for row in made:
        if row.state in ("stuck", "broken"):
            yield f"route {row.route} is {row.state}: {row.last_error or 'see the log'}"
        if row.breaker not in (None, "closed"):
            yield f"the breaker of route {row.route} is {row.breaker}"
        if row.dead:
            dead = output.count(row.dead, "dead letter")
            yield f"route {row.route} has {dead}: receiver dead list --route {row.route}"
    for pull in pulls:
        if pull["state"] in WORRYING:
            said = pull["error"] or "see the log"
            yield f"pull {pull['source']}.{pull['name']} is {pull['state']}: {said}"
    if figures.quarantined:
        held = output.count(figures.quarantined, "event")
        yield f"{held} in quarantine: receiver quarantine list"
    if free < NEARLY_FULL:
        yield f"the disk of the store has {free:.0%} free"


def _listeners(found: Configuration) -> Iterator[Listener]:
    server = found.settings.server
    public = running.url(found.store_path.parent) or f"http://{server.public}"
    for name, url in (("public", public), ("admin", f"http://{server.admin}")):
        if urlsplit(url).port:  # else a free one is chosen, and nobody knows which
            yield Listener(name, url, _answers(url))


def _answers(url: str) -> bool:
    """Whether `/healthz` is answered 200 there; an address for all is asked on the loopback."""
    parts = urlsplit(url)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(parts.hostname or "", parts.hostname or "")  # noqa: S104
    connection = http.client.HTTPConnection(host, parts.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def lines(status: Status) -> Iterator[str]:
    """One screen."""
    figures = status.figures
    yield from (f"! {output.printable(worry)}" for worry in status.worries)
    if status.worries:
        yield ""
    cells = [
        (r.route, r.sink, r.words(), r.lag, r.rate, r.waiting, r.held, r.dead, r.last_error)
        for r in status.routes
    ]
    if cells:
        width = shutil.get_terminal_size().columns
        yield from lay_out(COLUMNS, cells, width=width, now=status.at, cell=output.cell)
    else:
        yield "no routes"
    if status.pulls:
        yield ""
        width = shutil.get_terminal_size().columns
        pulled = [_pulled(pull) for pull in status.pulls]
        yield from lay_out(PULL_COLUMNS, pulled, width=width, now=status.at, cell=output.cell)
    for each in status.replays:
        yield said(each)
    yield ""
    by = f"process {status.delivering}" if status.delivering else "nobody"
    yield f"delivers    {by}"
    for listener in status.listeners:
        answers = "answers" if listener.answers else "does not answer"
        yield f"{listener.name:<11} {listener.url} {answers}"
    yield (
        f"inbox       {figures.events:,} events up to {figures.last_seq:,}, "
        f"{figures.quarantined:,} in quarantine, {figures.dead:,} dead letters"
    )
    yield f"store       {status.store}, {_size(figures.bytes_used)}, {_kept(figures)}"
    yield f"disk        {_size(status.disk_free)} of {_size(status.disk_size)} free"
    yield f"durability  {running.durability(status.durability)}"
    yield f"dedup       {_dedup(status)}"


def _kept(figures: Figures) -> str:
    oldest = figures.oldest_event
    return "empty" if oldest is None else f"since {output.moment(oldest)}"


def _dedup(status: Status) -> str:
    keys = f"{status.figures.dedup_keys:,} of at most {status.dedup_keys:,} keys"
    window = "window " + str(timedelta(seconds=status.dedup_window)).removesuffix(", 0:00:00")
    if status.remembered is None:
        return f"{keys}, {window}"
    back = timedelta(seconds=round(status.remembered.total_seconds()))
    return f"{keys}, the oldest {back} ago, {window}"


def _size(amount: int) -> str:
    value = float(amount)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def _pulled(pull: dict[str, Any]) -> tuple[Any, ...]:
    """The cells of a puller."""
    moments = [
        datetime.fromisoformat(pull[name]) if pull.get(name) else None
        for name in ("pulled_at", "received_at")
    ]
    counts = [pull[name] for name in ("accepted", "duplicates", "quarantined")]
    name = f"{pull['source']}.{pull['name']}"
    return (name, pull["transport"], pull["state"], *moments, *counts, pull["error"])
