"""SolarNetwork's events over signed HTTP: times in milliseconds, and equal content counts again."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from receiver.inbox import Query
from receiver.keyring import Keyring, Secret, SourceKeys

PATH = "/solarnetwork/events"
EVENT = {
    "topic": "datum/agg/update",
    "userId": 123,
    "hookId": 234,
    "nodeId": 456,
    "sourceId": "/power/1",
    "timestamp": 1767225600000,
    "aggregationKey": "h",
}


@pytest.fixture
def desk(make_door: Any) -> Any:
    keys = SourceKeys(secrets=(Secret("bridge", b"shared with the bridge"),))
    return make_door(keyring=Keyring({"solarnetwork": keys}))


async def post(desk: Any, event: Any) -> dict[str, Any]:
    body = json.dumps(event, separators=(",", ":")).encode()
    digest = hmac.new(b"shared with the bridge", body, hashlib.sha512).hexdigest()
    headers = [(b"x-signature", f"sha512={digest}".encode())]
    answer = await desk.ask("POST", PATH, headers=headers, chunks=[body])
    assert answer.status == 200
    said: dict[str, Any] = json.loads(answer.body)
    return said


async def test_a_time_is_in_milliseconds(desk: Any) -> None:
    await post(desk, EVENT)
    await post(desk, {**EVENT, "timestamp": 1767225600250})
    first, second = await desk.inbox.read(Query())
    assert first.time == datetime(2026, 1, 1, tzinfo=UTC)
    assert second.time == datetime(2026, 1, 1, 0, 0, 0, 250_000, tzinfo=UTC)
    assert (first.type, first.node, first.user) == ("datum/agg/update", "456", "123")


async def test_equal_content_is_an_event_each_time(desk: Any) -> None:
    said = [await post(desk, EVENT) for _ in range(3)]
    assert [one["status"] for one in said] == ["accepted"] * 3
    assert len({one["id"] for one in said}) == 3
    assert len(await desk.inbox.read(Query())) == 3


@pytest.mark.parametrize("key", ["h", "d", "M", "5m", "wy", "next"])
async def test_an_aggregate_may_be_of_any_length(desk: Any, key: str) -> None:
    assert (await post(desk, {**EVENT, "aggregationKey": key}))["status"] == "accepted"


@pytest.mark.parametrize("changed", [{"userId": None}, {"sourceId": None}, {"more": {"a": 1}}])
async def test_what_may_be_left_open_or_added_is_no_fault(desk: Any, changed: Any) -> None:
    assert (await post(desk, {**EVENT, **changed}))["status"] == "accepted"


async def test_what_is_not_signed_by_the_bridge_is_refused(desk: Any) -> None:
    body = json.dumps(EVENT).encode()
    assert (await desk.ask("POST", PATH, chunks=[body])).status == 401
