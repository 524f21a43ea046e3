"""The contract of stores: what comes in."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receiver.inbox import Query, Receipt, Status
from receiver.inbox.memory import MemoryInbox
from receiver.inbox.sqlite import open_store


async def test_a_batch_is_kept_in_order_with_one_receipt_per_entry(inbox, entry):
    batch = [entry(id="a"), entry(id="b"), entry(id="c")]

    receipts = await inbox.append(batch)

    assert receipts == [Receipt(Status.ACCEPTED, name) for name in "abc"]
    assert [(event.seq, event.id) for event in await inbox.read(Query())] == [
        (1, "a"),
        (2, "b"),
        (3, "c"),
    ]


async def test_an_event_is_read_as_it_was_appended(inbox, entry):
    told = entry(
        key="k1", node="node \0 ☃", user='u"1', raw=b"\x00\xff not json", type="ünï/code",
        time=entry().time - timedelta(days=400_000, microseconds=7),
    )  # fmt: skip

    await inbox.append([told])
    [kept] = await inbox.read(Query())

    for name in ("id", "source", "type", "key", "time", "received_at", "node", "user", "raw"):
        assert getattr(kept, name) == getattr(told, name)
    assert (kept.operation, kept.secret) == (told.operation, told.secret)
    assert (kept.released, kept.problems) == (False, ())


async def test_an_empty_batch_is_nothing(inbox):
    assert await inbox.append([]) == []


async def test_a_large_batch_is_kept_whole(inbox, entry):
    receipts = await inbox.append([entry() for _ in range(1_333)])

    assert len(receipts) == 1_333
    assert (await inbox.figures()).events == 1_333


async def test_a_batch_that_came_in_parts_is_kept_as_one(inbox, entry):
    entries = [
        entry(id=f"e{number:03}", dedup_key=b"%d" % (number % 290), raw=b"the same")
        for number in range(300)
    ]
    batch = inbox.batch()
    for start, end in ((0, 200), (200, 200), (200, 299), (299, 300)):
        batch.add(entries[start:end])

    assert await inbox.read(Query()) == []
    receipts = await batch.append()

    assert [receipt.status for receipt in receipts] == [Status.ACCEPTED] * 290 + [
        Status.DUPLICATE
    ] * 10
    assert [event.id for event in await inbox.read(Query(limit=400))] == [
        each.id for each in entries[:290]
    ]


async def test_batches_of_many_callers_each_stay_in_order(inbox, entry):
    async def caller(name: str) -> None:
        for _ in range(5):
            await inbox.append([entry(node=name), entry(node=name)])

    await asyncio.gather(*(caller(f"n{number}") for number in range(20)))

    events = await inbox.read(Query(limit=1000))
    assert [event.seq for event in events] == list(range(1, 201))
    for number in range(20):
        mine = [int(e.id.split("-")[1]) for e in events if e.node == f"n{number}"]
        assert mine == sorted(mine)


async def test_the_same_key_with_the_same_bytes_is_a_duplicate_of_the_first(inbox, entry):
    await inbox.append([entry(id="first", dedup_key=b"k", raw=b"same")])

    [again] = await inbox.append([entry(dedup_key=b"k", raw=b"same")])

    assert again == Receipt(Status.DUPLICATE, "first")
    assert len(await inbox.read(Query())) == 1


async def test_duplicates_within_one_batch_are_found(inbox, entry):
    twice = [entry(id="first", dedup_key=b"k", raw=b"x"), entry(dedup_key=b"k", raw=b"x")]

    receipts = await inbox.append(twice)

    assert receipts == [Receipt(Status.ACCEPTED, "first"), Receipt(Status.DUPLICATE, "first")]


async def test_appending_the_very_same_entry_again_is_a_duplicate(inbox, entry):
    same = entry(id="first", dedup_key=b"k")
    await inbox.append([same])

    assert await inbox.append([same]) == [Receipt(Status.DUPLICATE, "first")]


async def test_the_same_key_with_other_bytes_is_quarantined(inbox, entry):
    await inbox.append([entry(id="first", dedup_key=b"k", raw=b"one")])

    [other] = await inbox.append([entry(id="second", dedup_key=b"k", raw=b"two")])

    assert (other.status, other.id) == (Status.QUARANTINED, "second")
    assert "first" in other.problems[0]
    [kept] = await inbox.read(Query(state="quarantined"))
    assert (kept.seq, kept.id, kept.raw, kept.problems) == (None, "second", b"two", other.problems)


async def test_keys_of_two_sources_are_two_keys(inbox, entry):
    receipts = await inbox.append(
        [entry(source="acme", dedup_key=b"k"), entry(source="other", dedup_key=b"k")]
    )

    assert [receipt.status for receipt in receipts] == [Status.ACCEPTED] * 2


async def test_without_a_key_nothing_is_a_duplicate(inbox, entry):
    receipts = await inbox.append([entry(raw=b"same"), entry(raw=b"same")])

    assert [receipt.status for receipt in receipts] == [Status.ACCEPTED] * 2


async def test_a_key_is_forgotten_after_its_window(inbox, entry):
    def sent(name, seconds):
        at = entry().received_at + timedelta(seconds=seconds)
        return entry(id=name, dedup_key=b"k", dedup_window=10, raw=b"x", received_at=at)

    receipts = [(await inbox.append([sent(f"at-{s}", s)]))[0] for s in (0, 9, 10, 19)]

    assert [(r.status.value, r.id) for r in receipts] == [
        ("accepted", "at-0"),
        ("duplicate", "at-0"),
        ("accepted", "at-10"),
        ("duplicate", "at-10"),
    ]


async def test_no_key_is_remembered_longer_than_the_store_says(open_inbox, entry):
    inbox = open_inbox(dedup_window=60.0)
    await inbox.append([entry(dedup_key=b"k", dedup_window=3600, raw=b"x")])

    at = entry().received_at + timedelta(seconds=60)
    [later] = await inbox.append([entry(dedup_key=b"k", raw=b"x", received_at=at)])

    assert inbox.traits.dedup_window == 60
    assert later.status == Status.ACCEPTED


async def test_the_oldest_keys_beyond_the_bound_are_forgotten(open_inbox, entry):
    inbox = open_inbox(dedup_keys=8)
    start = entry().received_at
    for number in range(12):
        at = start + timedelta(seconds=number)
        window = 5000 if number % 2 else None
        key = b"%d" % number
        await inbox.append([entry(dedup_key=key, dedup_window=window, raw=b"x", received_at=at)])

    again = await inbox.append(
        [entry(dedup_key=b"%d" % n, raw=b"x", received_at=start) for n in (11, 4, 3)]
    )

    assert [r.status.value for r in again] == ["duplicate", "duplicate", "accepted"]
    assert (await inbox.figures()).dedup_keys <= 9


async def test_the_effective_window_is_told(open_inbox, entry):
    inbox = open_inbox(dedup_keys=4)
    assert (await inbox.figures()).dedup_since is None
    start = entry().received_at
    for number in range(6):
        at = start + timedelta(seconds=number)
        await inbox.append([entry(dedup_key=b"%d" % number, received_at=at)])

    assert (await inbox.figures()).dedup_since == start + timedelta(seconds=2)


async def test_an_event_with_problems_is_quarantined_and_keeps_what_it_came_with(inbox, entry):
    wrong = entry(id="wrong", type="", dedup_key=b"k", problems=("/a: missing", "/b: too long"))

    [receipt] = await inbox.append([wrong])

    assert receipt == Receipt(Status.QUARANTINED, "wrong", wrong.problems)
    [kept] = await inbox.read(Query(state="quarantined"))
    assert (kept.seq, kept.id, kept.received_at) == (None, "wrong", wrong.received_at)
    assert kept.problems == wrong.problems
    assert await inbox.read(Query()) == []


async def test_a_quarantined_event_sent_again_is_a_duplicate(inbox, entry):
    wrong = {"dedup_key": b"k", "raw": b"x", "problems": ("no",)}
    await inbox.append([entry(id="wrong", **wrong)])

    assert await inbox.append([entry(**wrong)]) == [Receipt(Status.DUPLICATE, "wrong")]


async def test_a_cursor_is_kept_with_its_batch(inbox, entry):
    assert await inbox.cursor("mail") is None

    await inbox.append([entry()], cursor=("mail", "page 1"))
    await inbox.append([], cursor=("mail", "page 2"))

    assert await inbox.cursor("mail") == "page 2"
    assert await inbox.cursor("post") is None


async def test_events_keys_and_cursors_are_there_after_a_restart(inbox, reopen, entry):
    await inbox.append([entry(id="first", dedup_key=b"k", raw=b"x")], cursor=("mail", "7"))

    inbox = await reopen()

    assert [event.id for event in await inbox.read(Query())] == ["first"]
    [again] = await inbox.append([entry(dedup_key=b"k", raw=b"x")])
    assert again == Receipt(Status.DUPLICATE, "first")
    assert await inbox.cursor("mail") == "7"


keys = st.sampled_from([None, b"1", b"2", b"3"])
sendings = st.lists(
    st.lists(st.tuples(keys, st.sampled_from([b"x", b"y"]), st.booleans(), st.integers(0, 30))),
    max_size=8,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(batches=sendings)
async def test_both_stores_give_the_same_receipts(tmp_path_factory, entry, batches):
    disk = open_store(tmp_path_factory.mktemp("same") / "inbox.db", dedup_window=20.0)
    memory = MemoryInbox(dedup_window=20.0)
    clock = entry().received_at
    for batch in batches:
        entries = []
        for key, raw, wrong, seconds in batch:
            clock += timedelta(seconds=seconds / 10)
            problems = ("no",) if wrong else ()
            entries.append(entry(dedup_key=key, raw=raw, problems=problems, received_at=clock))
        assert await disk.append(entries) == await memory.append(entries)
    await disk.close()
