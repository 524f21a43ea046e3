"""The index of dedup keys in memory: it never misses one, and grows by tables that can go again."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from datetime import timedelta
from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.inbox.sqlite import duplicates, recall
from receiver.inbox.sqlite.queries import SQL
from receiver.inbox.sqlite.recall import Recall
from receiver.receipt import Status


@given(st.lists(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20), max_size=20))
def test_every_key_is_found_under_its_number(rows):
    index = Recall()
    for number, hashes in enumerate(rows, 1):
        index.add(hashes, number)

    for number, hashes in enumerate(rows, 1):
        for hashed in hashes:
            assert number in index.find([hashed])


def test_what_was_never_added_is_hardly_ever_found():
    index, chance = Recall(), random.Random(1)
    index.add([chance.getrandbits(63) for _ in range(50_000)], 1)

    found = sum(bool(index.find([chance.getrandbits(63)])) for _ in range(50_000))

    assert found < 20


def test_full_tables_are_followed_by_others_and_go_when_their_keys_are_gone(monkeypatch):
    monkeypatch.setattr(recall, "SLOTS", 16)
    index, hashes = Recall(), [random.Random(n).getrandbits(63) for n in range(101)]
    for number in range(1, 101):
        index.add([hashes[number]], number)
    assert [table.used for table in index._tables] == [*[8] * 12, 4]
    assert all(number in index.find([hashes[number]]) for number in range(1, 101))

    index.forget(97)

    assert len(index._tables) == 1
    assert index.find([hashes[100]]) == {100}


async def test_a_key_of_any_length_is_remembered(inbox, entry):
    keys = [b"", b"k", b"k" * 64, b"k" * 65, b"k" * 10_000]
    await inbox.append([entry(id=f"{len(key)}", dedup_key=key, raw=b"x") for key in keys])

    again = await inbox.append([entry(dedup_key=key, raw=b"x") for key in keys])

    assert [(r.status, r.id) for r in again] == [(Status.DUPLICATE, f"{len(k)}") for k in keys]


async def test_a_key_that_an_earlier_receiver_kept_is_known_with_its_whole_digest(
    inbox, store, entry, path
):
    await inbox.append([entry(id="first", dedup_key=b"k", raw=b"x")])
    with closing(sqlite3.connect(path)) as file, file:
        [(row,)] = file.execute("SELECT keys FROM dedup").fetchall()
        [known] = msgspec.msgpack.decode(row, type=list[duplicates.Known])
        whole = msgspec.structs.replace(known, digest=sha256(b"x").digest())
        file.execute("UPDATE dedup SET keys = ?", (msgspec.msgpack.encode([whole]),))

    again = await store().append([entry(dedup_key=b"k", raw=raw) for raw in (b"x", b"y")])

    assert len(known.digest) < len(whole.digest)
    assert [receipt.status for receipt in again] == [Status.DUPLICATE, Status.QUARANTINED]


async def test_of_a_payload_that_is_in_its_key_no_digest_is_kept(inbox, entry, path):
    await inbox.append([entry(id="first", dedup_key=b"k", dedup_body=True, raw=b"x")])
    with closing(sqlite3.connect(path)) as file:
        [(row,)] = file.execute("SELECT keys FROM dedup").fetchall()

    [again] = await inbox.append([entry(dedup_key=b"k", dedup_body=True, raw=b"x")])

    assert msgspec.msgpack.decode(row, type=list[duplicates.Known])[0].digest == b""
    assert (again.status, again.id) == (Status.DUPLICATE, "first")


async def test_what_another_process_kept_is_recalled(inbox, store, entry):
    other = store()
    await inbox.append([entry(id="mine", dedup_key=b"1", raw=b"x")])
    await other.append([entry(id="theirs", dedup_key=b"2", raw=b"x")])

    seen = [
        [receipt.id for receipt in await each.append([entry(dedup_key=key, raw=b"x")])]
        for each, key in ((inbox, b"2"), (other, b"1"))
    ]

    assert seen == [["theirs"], ["mine"]]


async def test_a_key_whose_transaction_failed_is_not_remembered(inbox, entry):
    taken = entry(id="taken")
    await inbox.append([taken])
    with pytest.raises(Exception, match="UNIQUE"):
        await inbox.append([entry(id="taken", dedup_key=b"k", raw=b"x")])

    [again] = await inbox.append([entry(id="again", dedup_key=b"k", raw=b"x")])

    assert (again.status, again.id) == (Status.ACCEPTED, "again")


async def test_what_a_failed_transaction_forgot_is_still_known(inbox, path, entry, monkeypatch):
    monkeypatch.setattr(recall, "SLOTS", 2)  # a table, and so something to drop, for each key
    await inbox.append([entry()])
    known = duplicates.Duplicates(window=1_000_000, keys=8)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for number in range(8):
            connection.execute("BEGIN IMMEDIATE")
            known.begin(connection)
            new = duplicates.Known(b"%d" % number, b"", "id", number)
            last = known.remember(connection, {known.lasts(None): duplicates.rows([new])})
            counted = {"events": 0, "dedup_keys": 1, "last_dedup": last}
            connection.execute(SQL["count"], counted)
            connection.execute("COMMIT")
            known.committed()
        connection.execute("BEGIN IMMEDIATE")
        known.begin(connection)
        known.trim(connection, 1, now=10**12)
        assert connection.execute("SELECT count(*) FROM dedup").fetchone() == (0,)
        connection.execute("ROLLBACK")

        found = known.known(connection, [hash(b"%d" % number) for number in range(8)])

    assert len(found) == 8


async def test_many_keys_of_one_transaction_are_parted_into_rows(inbox, reopen_again, entry):
    many = [entry(dedup_key=b"%d" % n, raw=b"x") for n in range(duplicates.KEYS_PER_ROW * 3 + 5)]
    await inbox.append(many)
    inbox = await reopen_again()

    again = await inbox.append([entry(dedup_key=b"%d" % n, raw=b"x") for n in range(len(many))])

    assert {receipt.status for receipt in again} == {Status.DUPLICATE}
    assert (await inbox.figures()).dedup_keys == len(many)


@pytest.fixture
def reopen_again(inbox, store):
    async def again():
        await inbox.close()
        return store()

    return again


async def test_no_key_goes_before_its_time_whatever_the_order_of_times(inbox, entry):
    noon = entry().received_at

    def sent(at, key):
        received_at = noon + timedelta(seconds=at)
        return entry(dedup_key=key, dedup_window=10, raw=b"x", received_at=received_at)

    for at in (0, 5, 1):
        await inbox.append([sent(at, b"%d" % at)])
    await inbox.append([sent(11.5, b"later %d" % n) for n in range(duplicates.TRIM_EVERY)])

    [again] = await inbox.append([sent(12, b"5")])

    assert again.status is Status.DUPLICATE
    assert (await inbox.figures()).dedup_keys == 2 + duplicates.TRIM_EVERY
