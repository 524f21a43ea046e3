"""Requests are counted where they are taken in, cheaply, whatever the disk does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from receiver.contract import Contract
from receiver.metrics import ALL, Exposition, Ingest
from receiver.metrics import ingest as counting
from receiver.receipt import Receipt, Status
from receiver.replies import (
    HeadersTooLarge,
    Outcome,
    Refused,
    Taken,
    TooLarge,
    TooSlow,
    Unavailable,
)

Read = Callable[[], Any]


def taken(*statuses: Status) -> Taken:
    return Taken(tuple(Receipt(status, "id") for status in statuses))


async def test_every_event_of_a_request_is_counted_by_what_became_of_it(
    contract: Contract, ingest: Ingest, read: Read
) -> None:
    operation = contract.operations[0]
    ingest.observe(operation, taken(Status.ACCEPTED, Status.ACCEPTED, Status.DUPLICATE))
    ingest.observe(operation, taken(Status.QUARANTINED))
    ingest.flush()
    found = read()
    of = {"source": operation.source}
    assert found.value("receiver_events_total", **of, status="accepted") == 2
    assert found.value("receiver_events_total", **of, status="duplicate") == 1
    assert found.value("receiver_events_total", **of, status="quarantined") == 1


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Refused("mismatch"), "mismatch"),
        (Refused("not-configured"), "not-configured"),
        (Refused("what nobody has heard of"), "other"),
        (TooLarge(1), "too-large"),
        (TooSlow(), "too-slow"),
        (HeadersTooLarge(), "headers-too-large"),
        (Unavailable(5, "disk full"), "unavailable"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_a_refusal_is_counted_by_its_reason(
    outcome: Outcome, reason: str, contract: Contract, ingest: Ingest, read: Read
) -> None:
    operation = contract.operations[0]
    ingest.observe(operation, outcome, "in words")
    ingest.flush()
    labels = {"source": operation.source, "reason": reason}
    assert read().value("receiver_refused_total", **labels) == 1


async def test_strangers_are_counted_by_a_few_statuses(ingest: Ingest, read: Read) -> None:
    for status in (404, 404, 405, 299, -1):
        ingest.stranger(status)
    ingest.flush()
    found = read()
    assert found.value("receiver_requests_strangers_total", status="404") == 2
    assert found.value("receiver_requests_strangers_total", status="405") == 1
    assert found.value("receiver_requests_strangers_total", status="other") == 2


def test_what_was_never_counted_is_there_as_zero(contract: Contract, read: Read) -> None:
    found = read()
    for source in contract.sources:
        assert found.value("receiver_events_total", source=source, status="accepted") == 0
        assert found.value("receiver_refused_total", source=source, reason="mismatch") == 0
    assert found.value("receiver_commit_seconds_count") == 0


def test_commits_are_counted_by_time_and_by_size(ingest: Ingest, read: Read) -> None:
    ingest.committed(0.0015, 30)
    ingest.committed(3.0, 1)
    found = read()
    assert found.value("receiver_commit_seconds_bucket", le="0.002") == 1
    assert found.value("receiver_commit_seconds_bucket", le="4.0") == 2
    assert found.value("receiver_commit_events_sum") == 31


async def test_counts_are_handed_on_by_themselves_within_a_second_or_so(
    contract: Contract, ingest: Ingest, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "FLUSH_SECONDS", 0.01)
    operation = contract.operations[0]
    ingest.observe(operation, taken(Status.ACCEPTED))
    labels = {"source": operation.source, "status": "accepted"}
    async with asyncio.timeout(40):
        while True:
            if read().value("receiver_events_total", **labels) == 1:
                break
            await asyncio.sleep(0.01)


async def test_a_request_that_is_not_counted_alone_costs_no_timer(
    contract: Contract, ingest: Ingest
) -> None:
    before = len(asyncio.get_running_loop()._scheduled)  # type: ignore[attr-defined]
    for _ in range(100):
        ingest.observe(contract.operations[0], taken(Status.ACCEPTED))
    after = len(asyncio.get_running_loop()._scheduled)  # type: ignore[attr-defined]
    assert after - before == 1


async def test_what_was_not_simply_taken_is_handed_on(contract: Contract, folder: Path) -> None:
    told: list[tuple[Outcome, str]] = []
    ingest = Ingest(
        contract, folder, notable=lambda _, outcome, detail: told.append((outcome, detail))
    )
    operation = contract.operations[0]
    ingest.observe(operation, taken(Status.ACCEPTED, Status.DUPLICATE))
    ingest.observe(operation, taken(Status.ACCEPTED, Status.QUARANTINED))
    ingest.observe(operation, Refused("stale"), "why")
    assert [detail for _, detail in told] == ["", "why"]


async def test_a_disk_that_takes_no_files_costs_no_counts(
    contract: Contract, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "RETRY_SECONDS", 0.0)
    folder.write_text("in the way")  # noqa: ASYNC240 (nobody waits for this loop)
    ingest = Ingest(contract, folder)
    operation = contract.operations[0]
    ingest.observe(operation, taken(Status.ACCEPTED))
    ingest.committed(0.001, 1)
    ingest.flush()
    folder.unlink()  # noqa: ASYNC240 (see above)
    ingest.flush()
    text = Exposition(contract, folder)()[0].decode()
    assert f'receiver_events_total{{source="{operation.source}",status="accepted"}} 1.0' in text


def test_files_have_no_holes_that_a_full_disk_would_turn_into_a_crash(
    ingest: Ingest, folder: Path
) -> None:
    ingest.flush()
    made = list(folder.glob("*.db"))
    assert len(made) == 2
    for path in made:
        assert path.stat().st_blocks * 512 >= path.stat().st_size


def test_a_file_has_room_for_every_series(ingest: Ingest, folder: Path) -> None:
    ingest.flush()
    sizes = {path: path.stat().st_size for path in folder.glob("*.db")}
    ingest.committed(1.0, 1)
    assert {path: path.stat().st_size for path in folder.glob("*.db")} == sizes


@pytest.mark.parametrize("definition", ALL, ids=lambda definition: definition.name)
def test_names_are_as_prometheus_wants_them(definition: Any) -> None:
    assert re.fullmatch(r"receiver_[a-z]+(?:_[a-z]+)*", definition.name)
    assert definition.name.endswith("_total") == (definition.kind == "counter")
    known = {"kind", "pull", "reason", "route", "source", "status", "version"}
    assert set(definition.labels) <= known
    assert definition.help.endswith(".")


@pytest.mark.parametrize(
    "name", [definition.name for definition in ALL if "time" in definition.help.lower()]
)
def test_times_are_in_seconds(name: str) -> None:
    assert name.endswith("_seconds")
