"""What the dispatcher knows is shown, and begins where the process does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from receiver import Reject, Retry, Sink, backoff, hookimpl
from receiver.catalogue import Catalogue
from receiver.dispatch import Dispatcher, Route, RouteStatus
from receiver.errors import StoreError
from receiver.inbox import Entry
from receiver.inbox.memory import MemoryInbox
from receiver.inbox.retention import Limits, Purged
from receiver.metrics import ALL, Delivery, Exposition
from receiver.plugins import Plugin
from receiver.transports import PullStanding, State

NOW = datetime(2026, 1, 15, 8, 30, tzinfo=UTC)
INGEST = ("receiver_events", "receiver_refused", "receiver_requests", "receiver_commit")


class Sorting(Sink):
    """Takes an event, rejects it, or asks for another try, as the node is called."""

    @hookimpl
    async def on_event(self, event: Any) -> None:
        if event.node == "bad":
            raise Reject("never")
        if event.node == "later":
            raise Retry("not now", after=3600)


def entry(number: int, node: str) -> Entry:
    return Entry(
        id=f"id-{number}",
        source="gridx",
        type="appliance/online",
        key=None,
        dedup_key=None,
        dedup_window=None,
        time=NOW,
        received_at=NOW + timedelta(seconds=number),
        node=node,
        user=None,
        raw=b"{}",
        operation="op",
        secret="main",
    )


def route(name: str, served: Catalogue) -> Route:
    plugin = Plugin("a-sink", "of a test", lambda: Sorting)
    return Route(name=name, plugin=plugin, schedule=backoff.DEFAULT)


def passed(dispatcher: Dispatcher, count: int) -> bool:
    """Whether the route has tried so many events, and written down what came of it."""
    [status] = dispatcher.statuses()
    return status.delivered + status.failed >= count and not status.in_flight


@asynccontextmanager
async def delivering(
    served: Catalogue, inbox: MemoryInbox, *nodes: str
) -> AsyncIterator[Dispatcher]:
    """A route over an inbox with an event of each node, once all was tried."""
    dispatcher = Dispatcher(inbox, served, [route("main", served)])
    await dispatcher.register()
    await inbox.append([entry(number, node) for number, node in enumerate(nodes)])
    running = asyncio.create_task(dispatcher.run())
    async with asyncio.timeout(40):
        while not passed(dispatcher, len(nodes)):  # noqa: ASYNC110 (there is no event for it)
            await asyncio.sleep(0.005)
    yield dispatcher
    await dispatcher.stop(1.0)
    await running


class Shown:
    def __init__(self, delivery: Delivery) -> None:
        registry = CollectorRegistry()
        registry.register(delivery)
        families = text_string_to_metric_families(generate_latest(registry).decode())
        self.samples = [sample for family in families for sample in family.samples]

    def __call__(self, name: str, **labels: str) -> float | None:
        return next((s.value for s in self.samples if s.name == name and s.labels == labels), None)


async def test_outcomes_are_shown_by_route(served: Catalogue, tmp_path: Path) -> None:
    inbox, delivery = MemoryInbox(), Delivery(tmp_path / "inbox.db")
    async with delivering(served, inbox, "good", "good", "bad", "later") as dispatcher:
        await delivery.look(dispatcher.statuses(), inbox)
    shown = Shown(delivery)
    assert shown("receiver_deliveries_total", route="main") == 2
    assert shown("receiver_dead_total", route="main") == 1
    assert shown("receiver_retries_total", route="main") == 1
    assert shown("receiver_route_waiting_events", route="main") == 1
    assert shown("receiver_route_dead_letters", route="main") == 1
    assert shown("receiver_route_up", route="main") == 1


async def test_calls_are_shown_by_how_long_they_took(served: Catalogue, tmp_path: Path) -> None:
    inbox, delivery = MemoryInbox(), Delivery(tmp_path / "inbox.db")
    async with delivering(served, inbox, "good", "bad") as dispatcher:
        await delivery.look(dispatcher.statuses(), inbox)
    shown = Shown(delivery)
    assert shown("receiver_call_seconds_count", route="main") == 2
    assert shown("receiver_call_seconds_bucket", route="main", le="60.0") == 2
    assert 0 < (shown("receiver_call_seconds_sum", route="main") or 0) < 5


async def test_the_lag_grows_with_events_and_with_time(served: Catalogue, tmp_path: Path) -> None:
    inbox = MemoryInbox()
    now = NOW + timedelta(seconds=100)
    delivery = Delivery(tmp_path / "inbox.db", clock=lambda: now)
    dispatcher = Dispatcher(inbox, served, [route("main", served)])
    await dispatcher.register()
    await inbox.append([entry(number, "n") for number in range(10, 13)])
    await delivery.look(dispatcher.statuses(), inbox)
    assert Shown(delivery)("receiver_route_lag_events", route="main") == 3
    assert Shown(delivery)("receiver_route_lag_seconds", route="main") == 90
    now += timedelta(seconds=5)
    assert Shown(delivery)("receiver_route_lag_seconds", route="main") == 95
    assert Shown(delivery)("receiver_route_up", route="main") == 0


async def test_a_route_that_keeps_up_has_no_lag(served: Catalogue, tmp_path: Path) -> None:
    inbox, delivery = MemoryInbox(), Delivery(tmp_path / "inbox.db")
    async with delivering(served, inbox, "good") as dispatcher:
        await delivery.look(dispatcher.statuses(), inbox)
    assert Shown(delivery)("receiver_route_lag_events", route="main") == 0
    assert Shown(delivery)("receiver_route_lag_seconds", route="main") == 0


async def test_a_removed_route_is_no_longer_shown(served: Catalogue, tmp_path: Path) -> None:
    inbox, delivery = MemoryInbox(), Delivery(tmp_path / "inbox.db")
    async with delivering(served, inbox, "good") as dispatcher:
        await delivery.look(dispatcher.statuses(), inbox)
        await delivery.look([], inbox)
    assert not [sample for sample in Shown(delivery).samples if "route" in sample.labels]


async def test_a_store_that_fails_takes_its_figures_away_and_no_others(
    served: Catalogue, tmp_path: Path
) -> None:
    async def failing() -> Any:
        raise StoreError("gone")

    inbox, delivery = MemoryInbox(), Delivery(tmp_path / "inbox.db")
    async with delivering(served, inbox, "good") as dispatcher:
        broken: Any = SimpleNamespace(places=failing)
        await delivery.look(dispatcher.statuses(), broken)
    assert Shown(delivery)("receiver_deliveries_total", route="main") == 1
    assert Shown(delivery)("receiver_route_lag_events", route="main") is None


def test_the_size_of_the_store_and_the_room_that_is_left_are_shown(tmp_path: Path) -> None:
    (tmp_path / "inbox.db").write_bytes(bytes(5000))
    (tmp_path / "inbox.db-wal").write_bytes(bytes(70))
    shown = Shown(Delivery(tmp_path / "inbox.db"))
    assert shown("receiver_store_bytes") == 5000
    assert shown("receiver_store_log_bytes") == 70
    assert (shown("receiver_store_free_bytes") or 0) > 0


async def test_every_metric_that_is_defined_is_exposed_and_no_other(
    served: Catalogue, folder: Path, tmp_path: Path, read: Callable[[], Any]
) -> None:
    for name in ("inbox.db", "inbox.db-wal"):
        (tmp_path / name).touch()
    inbox, delivery = MemoryInbox(), Delivery(tmp_path / "inbox.db")
    async with delivering(served, inbox, "good") as dispatcher:
        await delivery.look(dispatcher.statuses(), inbox)
    delivery.purged(Purged(events=2, used=3), Limits(hard=4))
    text = Exposition(served.contract, folder, [delivery])()[0].decode()
    assert 'receiver_purged_total{kind="events"} 2.0' in text
    exposed = {line.split()[2]: line.split()[3] for line in text.splitlines() if "# TYPE" in line}
    assert exposed == {definition.name: definition.kind for definition in ALL}


async def test_a_process_that_was_started_again_and_why_there_is_one_are_shown(
    tmp_path: Path,
) -> None:
    delivery = Delivery(tmp_path / "inbox.db")
    well = RouteStatus(route="well", plugin="a-sink", state="running")
    stuck = replace(well, route="stuck", isolation="process", confined="it slept", restarts=3)
    await delivery.look([well, stuck], MemoryInbox())
    shown = Shown(delivery)
    assert shown("receiver_route_restarts_total", route="stuck") == 3
    assert shown("receiver_route_restarts_total", route="well") == 0
    assert shown("receiver_route_confined", route="stuck") == 1
    assert shown("receiver_route_confined", route="well") == 0


async def test_what_holds_a_route_back_is_shown(tmp_path: Path) -> None:
    delivery = Delivery(tmp_path / "inbox.db")
    well = RouteStatus(route="well", plugin="a-sink", state="running")
    held = replace(well, route="held", flow="draining", breaker="half-open")
    await delivery.look([well, held], MemoryInbox())
    shown = Shown(delivery)
    assert shown("receiver_route_paused", route="held") == 1
    assert shown("receiver_route_breaker_open", route="held") == 1
    assert shown("receiver_route_paused", route="well") == 0
    assert shown("receiver_route_breaker_open", route="well") == 0


async def test_what_pullers_brought_is_shown(tmp_path: Path) -> None:
    delivery = Delivery(tmp_path / "inbox.db")
    pulling = PullStanding(
        source="acme",
        name="queue",
        transport="sqs",
        state=State.PULLING,
        since=NOW,
        accepted=3,
        duplicates=2,
        quarantined=1,
    )
    failing = replace(pulling, name="topic", state=State.FAILING)
    looking = asyncio.create_task(
        delivery.run(lambda: [], MemoryInbox(), lambda: [pulling, failing])
    )
    await asyncio.sleep(0)
    shown = Shown(delivery)
    for status, count in (("accepted", 3), ("duplicate", 2), ("quarantined", 1)):
        assert shown("receiver_pulled_total", source="acme", pull="queue", status=status) == count
    assert shown("receiver_pull_up", source="acme", pull="queue") == 1
    assert shown("receiver_pull_up", source="acme", pull="topic") == 0
    looking.cancel()
