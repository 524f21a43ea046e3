"""What a sink promises on a route: fed by a dispatcher, here and in a process of its own.

Must not know: how a dispatcher works.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Literal

import pytest

from receiver.backoff import listed
from receiver.dispatch import Dispatcher, Route, RouteStatus
from receiver.event import Event
from receiver.inbox import Entry
from receiver.inbox.memory import MemoryInbox
from receiver.testing.subject import Subject, broken
from receiver.testing.taking import Arrived, distinct

EVENTS = 20
SECONDS = 30.0
ENDED = ("broken", "stopped")


class Routing:
    """Tests of whole deliveries."""

    def test_a_route_delivers_through_it(self, subject: Subject) -> None:
        status = asyncio.run(_routed(subject, "thread"))
        _judge(status, "a route delivers through it, in order per node")

    def test_a_route_in_a_process_of_its_own_delivers_through_it(
        self, subject: Subject, arrived: Arrived
    ) -> None:
        if subject.plugin.address is None:
            pytest.skip("only an installed sink is found from another process")
        status = asyncio.run(_routed(subject, "process"))
        _judge(status, 'a route with isolation = "process" delivers through it, its settings sent')
        if arrived is not None and not arrived():
            broken("what is said to be delivered has arrived", "nothing arrived")


def _judge(status: RouteStatus, contract: str) -> None:
    if status.delivered < EVENTS or status.failed:
        broken(
            contract,
            f"{status.delivered} of {EVENTS} delivered, {status.failed} failed attempts;"
            f" state {status.state}; {status.last_error}",
        )


async def _routed(subject: Subject, isolation: Literal["thread", "process"]) -> RouteStatus:
    inbox = MemoryInbox()
    route = Route(
        name="suite",
        plugin=subject.plugin,
        settings=subject.settings,
        start="beginning",
        schedule=listed([0.1, 0.1]),
        isolation=isolation,
    )
    dispatcher = Dispatcher(inbox, subject.catalogue, [route])
    running = asyncio.create_task(dispatcher.run())
    try:
        # A route's start is the inbox's beginning: it has these events whenever it comes up.
        await inbox.append([_entry(event) for event in distinct(subject.events(), EVENTS)])
        return await _done(dispatcher)
    finally:
        await dispatcher.stop(grace=5.0)
        await running


async def _done(dispatcher: Dispatcher) -> RouteStatus:
    loop = asyncio.get_running_loop()
    until = loop.time() + SECONDS
    while True:
        [status] = await dispatcher.status()
        over = status.delivered >= EVENTS or status.dead or status.state in ENDED
        if over or loop.time() > until:
            return status
        await asyncio.sleep(0.01)


def _entry(event: Event[object]) -> Entry:
    return Entry(
        id=event.id,
        source=event.source,
        type=event.type,
        key=event.key,
        dedup_key=None,
        dedup_window=None,
        time=event.time,
        received_at=datetime.now(UTC),
        node=event.node,
        user=event.user,
        raw=event.raw,
        operation="test",
        secret="test",  # noqa: S106 (the name of one)
    )
