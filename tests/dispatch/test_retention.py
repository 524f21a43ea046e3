"""Backstage deletes for as long as it delivers, and leaves others their turn."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from receiver.backstage import retention
from receiver.backstage.retention import Deleting, limits
from receiver.inbox.retention import Limits, Purged
from receiver.settings import RetentionSettings


class Store:
    """Answers `purge` with what it was told, then with nothing to do."""

    def __init__(self, *steps: Purged | Exception) -> None:
        self.steps = list(steps)
        self.asked: list[Limits] = []

    async def purge(self, limits: Limits, *, now: datetime) -> Purged:
        self.asked.append(limits)
        step = self.steps.pop(0) if self.steps else Purged()
        if isinstance(step, Exception):
            raise step
        return step


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What would have been slept."""
    slept: list[float] = []

    async def sleep(seconds: float, sleep: Callable[[float], Any] = asyncio.sleep) -> None:
        slept.append(seconds)
        await sleep(0)

    monkeypatch.setattr(retention.asyncio, "sleep", sleep)
    return slept


async def run(deleting: Deleting, until: Callable[[], bool]) -> None:
    task = asyncio.create_task(deleting.run())
    for _ in range(1_000):
        await asyncio.sleep(0)
        if until():
            break
    assert until()
    task.cancel()


async def test_a_step_is_followed_by_a_pause_that_is_longer_than_it(pauses: list[float]) -> None:
    long, haste = Purged(held=0.5, more=True), Purged(held=0.5, more=True, pressing=True)
    store = Store(long, haste, Purged(held=0.0, more=True), Purged())

    await run(Deleting(store, RetentionSettings()), lambda: len(store.asked) > 4)

    told = [pause for pause in pauses if pause]
    assert told[:4] == [8.0, 1.0, retention.SHORTEST_PAUSE, retention.ROUND_SECONDS]


async def test_above_the_soft_limit_the_next_look_comes_soon(pauses: list[float]) -> None:
    store = Store(Purged(used=60), Purged(used=40))

    settings = RetentionSettings(soft_limit=50, hard_limit=100)
    await run(Deleting(store, settings), lambda: len(store.asked) > 2)

    told = [pause for pause in pauses if pause]
    assert told[:2] == [retention.PRESSED_SECONDS, retention.ROUND_SECONDS]


async def test_what_fails_is_tried_again_and_told_once(
    pauses: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(ZeroDivisionError("not thought of"), ZeroDivisionError("again"))

    with caplog.at_level(logging.WARNING):
        await run(Deleting(store, RetentionSettings()), lambda: len(store.asked) > 3)

    (record,) = caplog.records
    assert "nothing can be deleted: ZeroDivisionError: not thought of" in record.getMessage()


async def test_a_store_that_fills_is_told_before_it_is_full(
    pauses: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(Purged(used=85), Purged(used=100), Purged(used=100, forced=3, more=True))

    with caplog.at_level(logging.WARNING):
        await run(
            Deleting(store, RetentionSettings(soft_limit=50, hard_limit=100)),
            lambda: len(store.asked) > 4,
        )

    said = [record.getMessage() for record in caplog.records]
    assert [text.rpartition(": ")[2] for text in said[:2]] == [
        "is a route behind?",
        "new events are answered 503",
    ]
    assert "accepted events are deleted" in said[2]


async def test_changed_settings_hold_from_the_next_step_on(pauses: list[float]) -> None:
    store = Store()
    deleting = Deleting(store, RetentionSettings(events=60))
    await run(deleting, lambda: bool(store.asked))
    deleting.change(RetentionSettings(events=5, force=True))
    seen = len(store.asked)
    await run(deleting, lambda: len(store.asked) > seen)

    assert store.asked[0].events == timedelta(seconds=60)
    assert (store.asked[-1].events, store.asked[-1].force) == (timedelta(seconds=5), True)


def test_without_end_is_no_limit_at_all() -> None:
    endless = float("inf")
    settings = RetentionSettings(
        events=endless, dead=1e300, quarantine=60, soft_limit=endless, hard_limit=endless
    )

    assert limits(settings) == Limits(quarantine=timedelta(minutes=1))


@pytest.mark.parametrize(
    ("text", "size"),
    [("8 GiB", 8 << 30), ("500MB", 500_000_000), ("1.5 kib", 1536), ("12", 12), (77, 77)],
)
def test_sizes_are_numbers_or_texts_with_a_unit(text: Any, size: float) -> None:
    assert RetentionSettings(soft_limit=1, hard_limit=text).hard_limit == size


@pytest.mark.parametrize("text", ["8 apples", "GiB", "-1", "nan", "", "1 GiBB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"size|number"):
        RetentionSettings(hard_limit=text)  # type: ignore[arg-type]


def test_a_soft_limit_above_the_hard_one_is_refused() -> None:
    with pytest.raises(ValueError, match="above its hard_limit"):
        RetentionSettings(soft_limit=3, hard_limit=2)


def test_the_clock_is_of_utc() -> None:
    assert Deleting(Store(), RetentionSettings())._clock().tzinfo is UTC
