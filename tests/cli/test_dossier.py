"""What `events show` says that each route has made of an event."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs

from receiver import catalogue
from receiver.catalogue import Catalogue
from receiver.cli.dossier import collect
from receiver.inbox import Entry, Failure, Query, RouteStart
from receiver.inbox.sqlite import SqliteInbox, open_store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
FAILURE = Failure(NOON, "retry", "Retry", "not yet")


@pytest.fixture(scope="module")
def served() -> Catalogue:
    return catalogue.load()


@pytest.fixture
async def inbox(tmp_path: Path) -> AsyncIterator[SqliteInbox]:
    """Event `a` of a node has failed, `b` of it is held back, `c` was tried again, `d` is new."""
    inbox = open_store(tmp_path / "inbox.db", durability="relaxed")
    await inbox.register([RouteStart(route="r")])
    await inbox.append([entry("a", "A"), entry("b", "A"), entry("c", "C"), entry("d", "D")])
    a, c = await inbox.claim("r", 2, now=NOON, match=lambda head: True)
    await inbox.defer(a, until=NOON + timedelta(minutes=5), failure=FAILURE)
    await inbox.defer(c, until=NOON, failure=FAILURE)
    [again] = await inbox.claim("r", 1, now=NOON, match=lambda head: True)
    await inbox.settle([again])
    yield inbox
    await inbox.close()


def entry(name: str, node: str) -> Entry:
    return Entry(
        id=name,
        source="acme",
        type="door/open",
        key=None,
        dedup_key=None,
        dedup_window=None,
        time=NOON,
        received_at=NOON,
        node=node,
        user=None,
        raw=b"{}",
        operation="acme_events",
        secret="main",
    )


@pytest.mark.parametrize(
    ("event", "made"),
    [
        ("a", "tried again from 2026-05-01T12:05:00.000Z on, after 1 failed attempt"),
        ("b", "held back behind event 1 of its node, a"),
        ("d", "not yet: in flight, or its turn has not come"),
    ],
)
async def test_only_what_is_done_is_called_delivered(
    inbox: SqliteInbox, served: Catalogue, tmp_path: Path, event: str, made: str
) -> None:
    assert (await collect(inbox, event, served, tmp_path)).routes == {"r": made}


async def test_what_was_done_with_is_called_delivered_and_dead_what_was_given_up(
    inbox: SqliteInbox, served: Catalogue, tmp_path: Path
) -> None:
    tried = (await collect(inbox, "c", served, tmp_path)).routes["r"]
    assert tried.startswith("delivered by ")
    assert tried.endswith(", after 1 failed attempt")

    [claim] = await inbox.claim("r", 1, now=NOON, match=lambda head: True)
    await inbox.settle([claim])
    made = (await collect(inbox, "d", served, tmp_path)).routes["r"]
    assert made == "delivered, or not wanted"

    [claim] = await inbox.claim("r", 1, now=NOON + timedelta(hours=1), match=lambda head: True)
    await inbox.bury(claim, failure=FAILURE, at=NOON)
    dossier = await collect(inbox, "a", served, tmp_path)
    assert dossier.routes == {"r": "dead letter"}
    assert [letter.event.id for letter in dossier.dead] == ["a"]


async def test_no_route_sees_what_is_quarantined(
    inbox: SqliteInbox, served: Catalogue, tmp_path: Path
) -> None:
    await inbox.append([structs.replace(entry("q", "Q"), problems=("of no known type",))])
    assert [event.id for event in await inbox.read(Query(state="quarantined"))] == ["q"]
    dossier = await collect(inbox, "q", served, tmp_path)
    assert dossier.routes == {"r": "quarantined: no route sees it"}
