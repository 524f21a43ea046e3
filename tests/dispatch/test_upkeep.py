"""Upkeep goes on for as long as deliveries do."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from receiver.backstage import stage
from receiver.inbox.memory import MemoryInbox


class Frail(MemoryInbox):
    """A store whose upkeep fails at first, in a way that nobody thought of."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def upkeep(self) -> None:
        self.asked += 1
        if self.asked < 4:
            raise ZeroDivisionError("not thought of")


async def test_upkeep_that_fails_is_told_once_and_tried_again(
    eventually: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stage, "UPKEEP_SECONDS", 0.005)
    inbox = Frail()
    tending = asyncio.create_task(stage._tend(inbox))
    with caplog.at_level(logging.WARNING):
        await eventually(lambda: inbox.asked >= 6)
    tending.cancel()
    (record,) = caplog.records
    assert record.getMessage() == "the store cannot be tidied: ZeroDivisionError: not thought of"
