"""From pulled messages to entries: what the other side's own id of a message means."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from receiver.catalogue import load
from receiver.inbox import Inbox
from receiver.inbox.memory import MemoryInbox
from receiver.inbox.sqlite import open_store
from receiver.judgement import Rules
from receiver.receipt import Status
from receiver.transport import Message
from receiver.transports import operation_for
from receiver.transports.reading import Reader

NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "opened", [lambda path: MemoryInbox(), open_store], ids=["memory", "sqlite"]
)
async def test_another_body_under_a_messages_id_is_no_duplicate(
    tmp_path: Path, opened: Callable[[Path], Inbox]
) -> None:
    catalogue = load()
    rainmaker = operation_for(catalogue.contract, "rainmaker")
    assert any(rule.body for rule in catalogue.contract.sources["rainmaker"].dedup)
    reader = Reader(Rules.of(rainmaker, catalogue), "queue")
    inbox = opened(tmp_path / "inbox.db")
    bodies = [b'{"v": 1}', b'{"v": 2}', b'{"v": 1}']

    receipts = [
        receipt
        for body in bodies
        for receipt in await inbox.append(
            await reader.entries([Message(body, key="message-1")], NOW)
        )
    ]
    await inbox.close()

    assert ["another body" in " ".join(receipt.problems) for receipt in receipts] == [
        False,
        True,
        False,
    ]
    assert receipts[2].status is Status.DUPLICATE
    assert receipts[2].id == receipts[0].id
