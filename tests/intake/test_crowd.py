"""Requests that come together: each has its own outcome, all share an append."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from receiver import crowd as crowd_module
from receiver import intake as intake_module
from receiver import strictjson
from receiver.crowd import Crowd, Request
from receiver.errors import StoreError, UnkeepableError
from receiver.gathering import Gathering
from receiver.inbox import Entry, Receipt
from receiver.inbox.memory import MemoryInbox
from receiver.keyring import Secret
from receiver.receipt import Declined, Status
from receiver.replies import Outcome, Refused, Taken, TooLarge, Unavailable

MakeBench = Callable[..., Any]


class Store(MemoryInbox):
    """Writes down how many events come with each append, and does first what it is told."""

    def __init__(self, act: Callable[[Sequence[Entry]], Any] | None = None) -> None:
        super().__init__()
        self.act = act
        self.sizes: list[int] = []

    async def append(
        self, batch: Sequence[Entry], cursor: tuple[str, str] | None = None
    ) -> list[Receipt]:
        self.sizes.append(len(batch))
        if self.act is not None:
            await self.act(batch)
        return await super().append(batch, cursor)


class Quick(Store):
    """Keeps all that it can before it returns; raises first what it is told."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.error = error

    def append_at_once(self, batch: Sequence[Entry]) -> list[Receipt] | Declined:
        if self.error is not None:
            raise self.error
        self.sizes.append(len(batch))
        return [self._keep(entry) for entry in batch]


class Busy(Quick):
    """Another process writes while it is asked so often."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def append_at_once(self, batch: Sequence[Entry]) -> list[Receipt] | Declined:
        self.times -= 1
        return Declined.BUSY if self.times >= 0 else super().append_at_once(batch)


async def outcomes(bench: Any, *requests: Request) -> list[Outcome]:
    """What each of several requests is told that come in the same turn."""
    told: dict[int, Outcome] = {}
    over = asyncio.Event()

    def tell(number: int, found: Outcome | Receipt) -> None:
        assert number not in told
        told[number] = Taken((found,)) if isinstance(found, Receipt) else found
        if len(told) == len(requests):
            over.set()

    crowd: Crowd[int] = Crowd(bench.intake, tell)
    loop = asyncio.get_running_loop()
    for number, request in enumerate(requests):
        crowd.join(request, number, loop)
    assert not told
    async with asyncio.timeout(40):
        await over.wait()
    return [told[number] for number in range(len(requests))]


def ping(bench: Any, number: int, **how: Any) -> Request:
    request: Request = bench.request({"id": str(number), "kind": "ping"}, **how)
    return request


@pytest.mark.parametrize("store", [Store, Quick])
async def test_each_is_told_its_own_outcome_and_all_share_an_append(
    make_bench: MakeBench, store: Callable[[], Store]
) -> None:
    bench = make_bench(inbox=store())
    strange = bench.request({"id": "3", "kind": "pong"})
    forged = ping(bench, 4, key=Secret("other", b"loud"))
    large = bench.request(b" " * 9000, packed=True)

    first, second, unknown, refused, too_large = await outcomes(
        bench, ping(bench, 1), ping(bench, 2), strange, forged, large
    )

    kept = [stored.id for stored in await bench.kept()]
    assert [receipt.id for taken in (first, second) for receipt in taken.receipts] == kept
    assert unknown.receipts[0].status is Status.QUARANTINED
    assert refused == Refused("mismatch")
    assert too_large == TooLarge(8192, read=True)
    assert bench.inbox.sizes == [3]
    seen = [outcome for _, outcome, _ in bench.seen]
    assert seen[:3] == [refused, too_large, unknown]
    assert seen[3].receipts == [*first.receipts, *second.receipts]


async def sizes_of_one_a_turn(bench: Any, amount: int) -> list[int]:
    """The sizes of the appends, of requests that come one in each turn of the loop."""
    loop = asyncio.get_running_loop()
    told: asyncio.Queue[int] = asyncio.Queue()
    crowd: Crowd[int] = Crowd(bench.intake, lambda number, _: told.put_nowait(number))
    for number in range(amount):
        crowd.join(ping(bench, number), number, loop)
        await asyncio.sleep(0)
    async with asyncio.timeout(40):
        assert [await told.get() for _ in range(amount)] == list(range(amount))
    sizes: list[int] = bench.inbox.sizes
    return sizes


async def test_what_comes_while_others_are_waited_for_is_taken_in_with_them(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd_module, "monotonic", lambda: 0.0)

    assert await sizes_of_one_a_turn(make_bench(inbox=Store()), 3) == [3]


async def test_what_comes_while_another_process_writes_is_kept_with_what_was_examined(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd_module, "monotonic", lambda: 1.0)
    monkeypatch.setattr(Gathering, "goes_on", lambda *_: False)

    assert await sizes_of_one_a_turn(make_bench(inbox=Busy(times=2)), 3) == [3]


async def test_who_asks_again_when_told_begins_no_second_turn(make_bench: MakeBench) -> None:
    bench, loop, over = make_bench(inbox=Quick()), asyncio.get_running_loop(), asyncio.Event()
    pending: list[Callable[..., None]] = []
    most: set[int] = set()

    def call_soon(turn: Callable[..., None], *arguments: Any) -> None:
        pending.append(turn)
        most.add(len(pending))
        loop.call_soon(lambda: pending.pop()(*arguments))

    def tell(number: int, _: Outcome | Receipt) -> None:
        crowd.join(ping(bench, number), number + 1, counting) if number < 100 else over.set()

    counting: Any = SimpleNamespace(call_soon=call_soon)
    crowd: Crowd[int] = Crowd(bench.intake, tell)
    crowd.join(ping(bench, 0), 1, counting)
    async with asyncio.timeout(40):
        await over.wait()
    assert most == {1}


async def test_a_process_that_writes_for_long_is_waited_for_by_append(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = itertools.count(1.0, crowd_module.BUSY_SECONDS / 2)
    monkeypatch.setattr(crowd_module, "monotonic", partial(next, times))
    bench = make_bench(inbox=Busy(times=1_000))

    [taken] = await outcomes(bench, ping(bench, 1))

    assert taken.receipts[0].status is Status.ACCEPTED
    assert bench.inbox.times > 990, "it was asked a few times only"


async def test_where_turns_are_long_others_are_not_waited_for(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd_module, "monotonic", partial(next, itertools.count(0.0)))

    assert max(await sizes_of_one_a_turn(make_bench(inbox=Store()), 6)) <= 2


async def test_the_second_of_two_that_are_the_same_is_a_duplicate(bench: Any) -> None:
    first, second = await outcomes(bench, ping(bench, 1), ping(bench, 1))

    assert [taken.receipts[0].status for taken in (first, second)] == ["accepted", "duplicate"]
    assert first.receipts[0].id == second.receipts[0].id


async def test_an_array_is_one_request_among_others(make_bench: MakeBench) -> None:
    bench = make_bench(inbox=Store())
    pings = [{"id": str(number), "kind": "ping"} for number in range(3)]

    one, array = await outcomes(bench, ping(bench, 7), bench.request(pings, to="acme_batch"))

    assert (len(one.receipts), one.batch) == (1, False)
    assert (len(array.receipts), array.batch) == (3, True)
    assert sorted(bench.inbox.sizes) == [1, 3]


async def test_others_on_the_loop_get_their_turn_between_requests_that_are_long(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [ping(make_bench(), number) for number in range(7)]
    monkeypatch.setattr(strictjson, "_TOGETHER_BYTES", 3 * len(requests[0][2]))
    bench = make_bench(inbox=Store())
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    found = await outcomes(bench, *requests)
    counting.cancel()

    assert bench.inbox.sizes == [3, 3, 1]
    assert turns >= 3
    ids = [stored.id for stored in await bench.kept()]
    assert [taken.receipts[0].id for taken in found] == ids
    assert [stored.key for stored in await bench.kept()] == [str(n) for n in range(7)]


async def test_an_event_that_no_store_could_keep_spoils_no_other(make_bench: MakeBench) -> None:
    async def refuse(batch: Sequence[Entry]) -> None:
        if any(entry.key == "2" for entry in batch):
            raise UnkeepableError("this cannot be kept")

    bench = make_bench(inbox=Store(refuse))

    first, second, third = await outcomes(bench, *(ping(bench, number) for number in (1, 2, 3)))

    assert isinstance(first, Taken)
    assert second == Unavailable(5, "this cannot be kept")
    assert isinstance(third, Taken)
    assert [stored.key for stored in await bench.kept()] == ["1", "3"]


async def test_what_cannot_be_kept_at_once_is_kept_in_its_time(make_bench: MakeBench) -> None:
    bench = make_bench(inbox=Quick(UnkeepableError("one of them cannot be kept")))

    first, second = await outcomes(bench, ping(bench, 1), ping(bench, 2))

    assert [stored.id for stored in await bench.kept()] == [
        taken.receipts[0].id for taken in (first, second)
    ]


def failing(error: Exception) -> Store:
    async def fail(batch: Sequence[Entry]) -> None:
        raise error

    return Store(fail)


@pytest.mark.parametrize("error", [StoreError("the disk is full"), RuntimeError("payload")])
@pytest.mark.parametrize("store", [failing, Quick])
async def test_a_fault_of_the_store_is_told_to_all(
    make_bench: MakeBench,
    error: Exception,
    store: Callable[[Exception], Store],
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = make_bench(inbox=store(error))

    found = await outcomes(bench, ping(bench, 1), ping(bench, 2))

    assert [type(outcome) for outcome in found] == [Unavailable, Unavailable]
    assert len(caplog.records) == 1
    assert "payload" not in caplog.text


async def test_a_commit_that_is_not_confirmed_in_time_means_come_again_for_all(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def wait(batch: Sequence[Entry]) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(intake_module, "APPEND_SECONDS", 0.02)
    bench = make_bench(inbox=Store(wait))

    found = await outcomes(bench, ping(bench, 1), ping(bench, 2))

    assert ["not committed" in outcome.why for outcome in found] == [True, True]
