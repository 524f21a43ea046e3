"""Our own faults: never 401, never blamed on the content, logged once and without payload."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receiver import intake as intake_module
from receiver.errors import StoreError
from receiver.inbox import Entry, Receipt
from receiver.inbox.memory import MemoryInbox
from receiver.keyring import Secret
from receiver.replies import Outcome, Refused, Unavailable, reply

ON = {"id": "1", "kind": "thing/on", "thing": "t-7", "at": "2026-01-15T09:00:00+01:00", "level": 3}

MakeBench = Callable[..., Any]


class Store(MemoryInbox):
    """An inbox that does what it is told when something is appended."""

    def __init__(self, act: Callable[[], Any]) -> None:
        super().__init__()
        self.act = act

    async def append(
        self, batch: Sequence[Entry], cursor: tuple[str, str] | None = None
    ) -> list[Receipt]:
        await self.act()
        return await super().append(batch, cursor)


def raising(error: Exception) -> Callable[[], Any]:
    async def act() -> None:
        raise error

    return act


async def test_a_store_that_cannot_keep_means_come_again(make_bench: MakeBench) -> None:
    bench = make_bench(inbox=Store(raising(StoreError("the disk is full"))))

    outcome = await bench.send(ON)

    assert outcome == Unavailable(5, "the disk is full")
    assert (b"retry-after", b"5") in reply(outcome).headers


async def test_a_full_store_is_logged_once_not_once_a_request(
    make_bench: MakeBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench = make_bench(inbox=Store(raising(StoreError("the disk is full"))))

    for _ in range(5):
        await bench.send(ON)

    assert len(caplog.records) == 1


async def test_a_commit_that_is_not_confirmed_in_time_means_come_again(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "APPEND_SECONDS", 0.02)
    bench = make_bench(inbox=Store(asyncio.Event().wait))

    outcome = await bench.send(ON)

    assert isinstance(outcome, Unavailable)
    assert "not committed" in outcome.why


async def test_an_unexpected_fault_is_logged_without_payload_and_means_come_again(
    make_bench: MakeBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench = make_bench(inbox=Store(raising(RuntimeError("payload: t-7"))))

    outcome = await bench.send(ON)

    [record] = caplog.records
    assert reply(outcome).status == 503
    assert (record.levelno, "RuntimeError" in caplog.text) == (logging.ERROR, True)
    assert "acme_events" in caplog.text
    assert "t-7" not in caplog.text


async def test_a_fault_of_ours_over_some_content_quarantines_it(
    bench: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def is_valid(self, body: Any) -> bool:
            raise ZeroDivisionError

    monkeypatch.setitem(bench.catalogue.validators, ("acme", "ping"), Broken())

    [problem] = await bench.problems({"kind": "ping"})

    assert "fault of Receiver's own" in problem
    assert len(caplog.records) == 1


# Who watches


async def test_the_observer_hears_every_outcome_once_and_why(bench: Any) -> None:
    await bench.send(ON)
    await bench.send(ON, key=Secret("guess", b"wrong"))

    [taken, refused] = bench.seen
    assert (taken[0], reply(taken[1]).status, taken[2]) == ("acme_events", 200, "")
    assert refused[1] == Refused("mismatch")
    assert "X-Mac" in refused[2]


async def test_a_broken_observer_changes_nothing(
    make_bench: MakeBench, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise ValueError

    bench = make_bench(observe=broken)

    assert await bench.fates(ON) == ["accepted"]
    assert len(caplog.records) == 1


# Any bytes

NAMES = st.sampled_from([b"x-mac", b"x-door", b"x-user", b"content-encoding"])
VALUES = st.sampled_from([b"gzip", b"open sesame", b"0" * 64])
HEADERS = st.lists(
    st.tuples(NAMES | st.binary(max_size=8), VALUES | st.binary(max_size=40)), max_size=5
)
BODIES = st.binary(max_size=60) | st.recursive(
    st.none() | st.integers() | st.text(max_size=4) | st.just("ping"),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["kind", "id", "x"]), inner),
    max_leaves=6,
).map(lambda value: json.dumps(value).encode())


@given(headers=HEADERS, body=BODIES, proved=st.booleans(), to=st.integers(0, 2))
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes_are_answered_200_or_401_and_log_nothing(
    make_bench: MakeBench,
    caplog: pytest.LogCaptureFixture,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
    proved: bool,
    to: int,
) -> None:
    bench = make_bench()
    operation = bench.catalogue.contract.operations[to]

    async def outcome() -> Outcome:
        if proved:
            fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
            return await bench.send(body, to=operation.id, headers=fields)  # type: ignore[no-any-return]
        return await bench.intake.ingest(operation, headers, body)  # type: ignore[no-any-return]

    assert reply(asyncio.run(outcome())).status in (200, 401)
    assert not caplog.records
