"""Batches that are made in parts are drafted as they come; what becomes of them is as of any."""

from __future__ import annotations

import asyncio
import gc
import itertools
import sys
import weakref
from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from receiver.errors import StoreError, UnkeepableError
from receiver.inbox import Query, Status
from receiver.inbox.memory import MemoryInbox
from receiver.inbox.sqlite import bundles, drafts, open_store

PART = 192
LARGE = PART + 70
"""Events of a batch that comes in two parts."""

ODD = {
    "stored": {"dedup_key": b"stored", "raw": b"as before"},
    "conflict": {"dedup_key": b"stored", "raw": b"not as before"},
    "twice": {"dedup_key": b"twice"},
    "problem": {"problems": ("it has no type",)},
    "keyless": {"dedup_key": None},
    "short": {"dedup_window": 1},
    "payload": {"dedup_body": True},
    "late": {"time": datetime.fromisoformat("2026-05-01T12:00:00+02:00")},
}
batches = st.lists(
    st.tuples(
        st.sampled_from([1, 63, 64, LARGE]),
        st.dictionaries(st.integers(0, LARGE - 1), st.sampled_from(sorted(ODD)), max_size=3),
    ),
    min_size=1,
    max_size=4,
)


@pytest.fixture
def large(entry):
    """Makes batches of events that are all new, but for what is `odd`, by index."""

    numbers = itertools.count()

    def make(amount=LARGE, odd=(), **given):
        names, batch = dict(odd), next(numbers)
        return [
            entry(**{"dedup_key": b"%d-%d" % (batch, at)} | given | ODD.get(names.get(at), {}))
            for at in range(amount)
        ]

    return make


async def sent(inbox, entries):
    """The receipts of a batch that came in parts."""
    batch = inbox.batch()
    for at in range(0, len(entries), PART):
        batch.add(entries[at : at + PART])
    return await batch.append()


def statuses(receipts):
    return Counter(receipt.status for batch in receipts for receipt in batch)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(batches=batches, together=st.booleans())
async def test_what_becomes_of_an_event_is_the_same_in_any_batch(
    tmp_path_factory, large, batches, together
):
    disk, memory = open_store(tmp_path_factory.mktemp("same") / "inbox.db"), MemoryInbox()
    batches = [[*large(1, {0: "stored"})], *(large(amount, odd) for amount, odd in batches)]

    told = [await memory.append(batch) for batch in batches]
    if together:
        receipts = list(await asyncio.gather(*(sent(disk, batch) for batch in batches)))
    else:
        receipts = [await sent(disk, batch) for batch in batches]

    assert receipts == told
    kept = {e.id: (e.raw, e.time, e.received_at) for e in await disk.read(Query(limit=10_000))}
    assert list(kept) == [
        receipt.id for batch in receipts for receipt in batch if receipt.status == "accepted"
    ]
    entries = {e.id: (e.raw, e.time, e.received_at) for batch in batches for e in batch}
    assert all(entries[id] == found for id, found in kept.items())
    await disk.close()


async def test_one_key_in_two_batches_at_once_is_kept_once(inbox, large):
    ours, theirs = large(odd={LARGE - 1: "twice"}), large(odd={3: "twice"})

    receipts = await asyncio.gather(sent(inbox, ours), sent(inbox, theirs))

    assert statuses(receipts) == {Status.DUPLICATE: 1, Status.ACCEPTED: 2 * LARGE - 1}
    kept = [event.id for event in await inbox.read(Query(limit=10_000))]
    for batch in (ours, theirs):
        ids = [e.id for e in batch]
        assert [id for id in kept if id in ids] == [id for id in ids if id in kept]


@pytest.mark.parametrize(
    ("parts", "drafted"),
    [
        ([PART, 1], [PART, 1]),
        ([bundles.MOST - 1], []),
        ([0, 1, 0, PART, 0, 2], [PART + 1, 2]),
        ([40, 40, 40], [80, 40]),
    ],
    ids=["as it comes", "small", "a small part first", "small parts"],
)
async def test_a_part_is_drafted_when_it_comes_but_a_small_one_with_the_next(
    inbox, large, monkeypatch, parts, drafted
):
    told = []
    draft = drafts.draft

    def counted(entries, keys):
        told.append(len(entries))
        return draft(entries, keys)

    batch = inbox.batch()
    with monkeypatch.context() as patched:
        patched.setattr(drafts, "draft", counted)
        for amount in parts:
            batch.add(large(amount))

    assert told == drafted
    assert [receipt.status for receipt in await batch.append()] == [Status.ACCEPTED] * sum(parts)


async def test_parts_of_few_but_large_events_are_drafted_at_once(inbox, large):
    batch = inbox.batch()
    batch.add(large(2, raw=bytes(bundles.MOST_BYTES)))

    assert [len(one.receipts) for one in batch.drafts] == [2]


async def test_what_was_kept_goes_from_memory_at_once(inbox, large):
    gc.disable()  # which would find what is in a circle, after some hundreds more
    try:
        batch, entries = inbox.batch(), large()
        batch.add(entries)
        await batch.append()
        gone, last = weakref.ref(batch), entries[-1]
        del batch, entries
        for _ in range(6000):  # the thread has told us, and lets go of it
            if sys.getrefcount(last) == 2:
                break
            await asyncio.sleep(0.01)
        assert (gone(), sys.getrefcount(last)) == (None, 2), "ours, and that of the call"
    finally:
        gc.enable()


@pytest.mark.parametrize("time", [datetime(2026, 5, 1), None], ids=["no zone", "none"])
async def test_a_batch_with_an_event_that_no_store_could_keep_is_not_kept(inbox, large, time):
    spoilt = [*large(LARGE), *large(1, time=time)]

    with pytest.raises(UnkeepableError):
        await sent(inbox, spoilt)

    assert await inbox.read(Query()) == []
    good = await sent(inbox, spoilt[:-1])
    assert {receipt.status for receipt in good} == {Status.ACCEPTED}


async def test_a_batch_that_was_begun_is_kept_before_the_inbox_is_closed(store, large):
    inbox, many = store(), large(10 * LARGE)
    begun = asyncio.create_task(sent(inbox, many))
    await asyncio.sleep(0)

    await inbox.close()

    assert {receipt.status for receipt in await begun} == {Status.ACCEPTED}
    with pytest.raises(StoreError, match="closed"):
        await sent(inbox, many)
    assert len(await store().read(Query(limit=10_000))) == len(many)


async def test_keys_of_drafts_are_remembered_for_their_own_windows(inbox, large):
    brief, usual = large(dedup_window=60), large()
    await asyncio.gather(sent(inbox, brief), sent(inbox, usual))
    later = brief[0].received_at + timedelta(seconds=61)

    def again(batch):
        return [replace(one, id=f"again-{one.id}", received_at=later) for one in batch]

    forgotten, known = await sent(inbox, again(brief)), await sent(inbox, again(usual))

    assert {receipt.status for receipt in forgotten} == {Status.ACCEPTED}
    assert {receipt.status for receipt in known} == {Status.DUPLICATE}
