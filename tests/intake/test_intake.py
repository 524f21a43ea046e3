"""Intake: what is authentic is kept whatever it says, what is not is refused whatever it says."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import uuid
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receiver import intake as intake_module
from receiver.errors import StoreError
from receiver.inbox import Entry, Receipt
from receiver.inbox.memory import MemoryInbox
from receiver.keyring import Keyring, Secret, SourceKeys
from receiver.receipt import Status
from receiver.replies import Outcome, Refused, Taken, TooLarge, Unavailable, reply

ON = {"id": "1", "kind": "thing/on", "thing": "t-7", "at": "2026-01-15T09:00:00+01:00", "level": 3}

MakeBench = Callable[..., Any]


def statuses(outcome: Outcome) -> list[Status]:
    assert isinstance(outcome, Taken), outcome
    return [receipt.status for receipt in outcome.receipts]


def problems(outcome: Outcome) -> tuple[str, ...]:
    assert isinstance(outcome, Taken), outcome
    [receipt] = outcome.receipts
    assert receipt.status is Status.QUARANTINED
    return receipt.problems


async def test_an_authentic_event_is_kept_with_all_that_was_found(bench: Any) -> None:
    raw = json.dumps(ON).encode() + b"\n"

    outcome = await bench.send(raw, headers=[("X-User", "ada")])

    [event] = await bench.kept()
    assert statuses(outcome) == [Status.ACCEPTED]
    assert (event.source, event.type, event.key) == ("acme", "thing/on", "1")
    assert (event.node, event.user) == ("t-7", "ada")
    assert event.time == datetime(2026, 1, 15, 8, tzinfo=UTC)
    assert event.received_at == bench.now
    assert (event.raw, event.operation, event.secret) == (raw, "acme_events", "main")
    assert uuid.UUID(event.id).version == 7


async def test_an_event_without_a_time_happened_when_it_came(bench: Any) -> None:
    await bench.send({**ON, "at": "yesterday"})

    [event] = await bench.kept()
    assert event.time == bench.now


async def test_the_type_in_the_body_decides_on_a_path_of_another_type(bench: Any) -> None:
    await bench.send({"kind": "ping"}, to="acme_on")
    await bench.send({"thing": "t"}, to="acme_on")

    assert [event.type for event in await bench.kept()] == ["ping", "thing/on"]


# Who sent it


async def test_what_nobody_proved_is_refused_and_not_kept(bench: Any) -> None:
    outcome = await bench.send(ON, key=Secret("guess", b"wrong"))

    assert outcome == Refused("mismatch")
    assert await bench.kept() == await bench.quarantined() == []


async def test_a_source_without_configuration_is_refused(bench: Any) -> None:
    bench.intake.keyring = Keyring({})

    assert await bench.send(ON) == Refused("not-configured")


async def test_a_new_keyring_counts_from_the_next_request_on(bench: Any) -> None:
    new = Secret("new", b"new hush")
    bench.intake.keyring = Keyring({"acme": SourceKeys(secrets=(new,))})

    assert await bench.send(ON) == Refused("mismatch")
    assert statuses(await bench.send(ON, key=new)) == [Status.ACCEPTED]


async def test_the_last_secret_goes_on_after_its_expiry_with_one_warning(
    make_bench: MakeBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench = make_bench()
    last = replace(bench.keys.secrets[0], expires=bench.now - timedelta(days=1))
    bench.intake.keyring = Keyring({"acme": SourceKeys(secrets=(last,))})

    for n in range(3):
        assert statuses(await bench.send({"kind": "ping", "id": str(n)})) == [Status.ACCEPTED]

    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "acme" in caplog.text


async def test_a_sender_is_told_to_come_again_where_expiry_means_503(bench: Any) -> None:
    last = replace(bench.keys.secrets[0], expires=bench.now)
    bench.intake.keyring = Keyring({"acme": SourceKeys(secrets=(last,), on_expiry="503")})

    outcome = await bench.send(ON)

    assert isinstance(outcome, Unavailable)
    assert reply(outcome).status == 503


# What it says


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"not json", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"kind":"\xff"}', "not UTF-8"),
        (b'{"kind":"ping","kind":"ping"}', "twice"),
        (b'{"kind":"ping","n":' + b"9" * 4301 + b"}", "not JSON"),
        (b'{"kind":"ping","x":' + b"[" * 2000 + b"]" * 2000 + b"}", "nested too deeply"),
        (b'{"kind":"ping","x":' + b"[" * 8 + b"]" * 8 + b"}", "deeper than 8"),
        (b'{"kind":"ping","n":NaN}', "not JSON"),
        (b'{"kind":"ping","n":1e400}', "not JSON"),
        (b"[]", "no type"),
        (b"null", "no type"),
        (b'{"kind":"thing/off"}', "'thing/off' is no event type of acme"),
        (b'{"kind":"thing/on","level":6}', "thing"),
        (b'{"kind":"' + b"k" * 2000 + b'"}', "more than 1024 characters"),
    ],
)
async def test_an_authentic_body_of_any_content_is_kept_in_quarantine(
    bench: Any, body: bytes, reason: str
) -> None:
    outcome = await bench.send(body)

    [event] = await bench.quarantined()
    assert any(reason in problem for problem in problems(outcome)), problems(outcome)
    assert (event.raw, event.problems) == (body, problems(outcome))
    assert reply(outcome).status == 200


async def test_every_problem_is_listed_up_to_twenty(bench: Any) -> None:
    both = problems(await bench.send({"kind": "thing/on", "level": 9, "at": 1}))

    assert {problem.split(":")[0] for problem in both} == {"/", "/level", "/at"}


async def test_an_integer_beyond_64_bits_is_no_fault(bench: Any) -> None:
    assert statuses(await bench.send({"kind": "ping", "n": 10**4000})) == [Status.ACCEPTED]


# Compressed bodies


async def test_a_compressed_body_is_verified_as_sent_and_kept_unpacked(bench: Any) -> None:
    assert statuses(await bench.send(ON, packed=True)) == [Status.ACCEPTED]

    [event] = await bench.kept()
    assert json.loads(event.raw) == ON


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data, wbits=-15)),
        ("GZIP", gzip.compress),
        ("x-gzip", lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])),
        ("identity", bytes),
    ],
)
async def test_every_usual_coding_is_unpacked(
    bench: Any, coding: str, pack: Callable[[bytes], bytes]
) -> None:
    body = pack(json.dumps(ON).encode())

    assert statuses(await bench.send(body, headers=[("Content-Encoding", coding)])) == ["accepted"]


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("br", b"{}"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"{}"))),
        ("gzip", b"{}"),
        ("gzip", gzip.compress(b'{"kind":"ping"}')[:-4]),
        ("gzip", gzip.compress(b"{}") + b"garbage"),
        ("gzip", gzip.compress(b"") * 65),
        ("deflate", b"{}"),
        ("deflate", b""),
        ("\xff", b"{}"),
    ],
)
async def test_an_authentic_body_that_cannot_be_unpacked_is_kept_as_sent(
    bench: Any, coding: str, body: bytes
) -> None:
    outcome = await bench.send(body, headers=[("Content-Encoding", coding)])

    [event] = await bench.quarantined()
    assert "Content-Encoding" in problems(outcome)[0]
    assert event.raw == body


async def test_a_decompression_bomb_is_too_large_and_never_in_memory(bench: Any) -> None:
    bomb = gzip.compress(b"0" * 50_000_000)

    assert await bench.send(bomb, headers=[("Content-Encoding", "gzip")]) == TooLarge(8192, True)
    assert await bench.send(b" " * 8192 + b"1", packed=True) == TooLarge(8192, True)
    assert statuses(await bench.send(b'{"kind":"ping"}' + b" " * 8177, packed=True)) == ["accepted"]


# Duplicates


async def test_the_same_event_again_is_a_duplicate_of_the_first(bench: Any) -> None:
    first = await bench.send(ON)
    second = await bench.send(ON)

    assert statuses(second) == [Status.DUPLICATE]
    assert second.receipts[0].id == first.receipts[0].id


async def test_the_same_key_with_another_body_goes_to_quarantine(bench: Any) -> None:
    await bench.send(ON)

    assert statuses(await bench.send({**ON, "level": 4})) == [Status.QUARANTINED]


async def test_without_a_key_equal_events_are_two_unless_a_rule_says_otherwise(bench: Any) -> None:
    plain, once = {"kind": "ping"}, {"kind": "ping", "once": True}
    sent = [await bench.send(body) for body in (plain, plain, once, once)]

    assert [statuses(outcome)[0].value for outcome in sent] == [
        "accepted",
        "accepted",
        "accepted",
        "duplicate",
    ]


async def test_a_rule_with_a_window_forgets_after_it(bench: Any) -> None:
    once = {"kind": "ping", "once": True}
    await bench.send(once)
    bench.now += timedelta(seconds=61)

    assert statuses(await bench.send(once)) == [Status.ACCEPTED]


# Batches


async def send_batch(bench: Any, body: Any) -> Outcome:
    outcome: Outcome = await bench.send(body, to="acme_batch")
    return outcome


async def test_each_event_of_a_batch_is_kept_with_its_own_bytes(bench: Any) -> None:
    outcome = await send_batch(bench, b'[{"kind":"ping", "id":"a"},\n {"kind":"ping","id":"b"} ]')

    assert statuses(outcome) == [Status.ACCEPTED, Status.ACCEPTED]
    assert [event.raw for event in await bench.kept()] == [
        b'{"kind":"ping", "id":"a"}',
        b'{"kind":"ping","id":"b"}',
    ]


async def test_one_bad_event_does_not_spoil_its_batch(bench: Any) -> None:
    outcome = await send_batch(
        bench, b'[{"kind":"ping"},{"kind":NaN},{"kind":"?"},{"kind":"ping"}]'
    )

    assert [status.value for status in statuses(outcome)] == [
        "accepted",
        "quarantined",
        "quarantined",
        "accepted",
    ]
    assert [event.raw for event in await bench.quarantined()] == [b'{"kind":NaN}', b'{"kind":"?"}']


async def test_an_event_twice_in_one_batch_is_kept_once(bench: Any) -> None:
    outcome = await send_batch(bench, [ON, ON])

    assert statuses(outcome) == [Status.ACCEPTED, Status.DUPLICATE]
    assert outcome.receipts[0].id == outcome.receipts[1].id


async def test_an_empty_batch_is_taken(bench: Any) -> None:
    outcome = await send_batch(bench, b"[]")

    assert outcome == Taken((), batch=True)
    assert reply(outcome).status == 200


@pytest.mark.parametrize("body", [b'{"kind":"ping"}', b"[", b"\xff", b"", b"[0,0,0,0,0,0]"])
async def test_a_batch_that_cannot_be_taken_apart_is_kept_whole(bench: Any, body: bytes) -> None:
    outcome = await send_batch(bench, body)

    [event] = await bench.quarantined()
    assert statuses(outcome) == [Status.QUARANTINED]
    assert event.raw == body


# Our own faults


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

    outcome = await bench.send({"kind": "ping"})

    assert "fault of Receiver's own" in problems(outcome)[0]
    assert len(caplog.records) == 1


# Who watches


async def test_the_observer_hears_every_outcome_once_and_why(bench: Any) -> None:
    await bench.send(ON)
    await bench.send(ON, key=Secret("guess", b"wrong"))

    [taken, refused] = bench.seen
    assert (taken[0], statuses(taken[1]), taken[2]) == ("acme_events", [Status.ACCEPTED], "")
    assert refused[1] == Refused("mismatch")
    assert "X-Mac" in refused[2]


async def test_a_broken_observer_changes_nothing(
    make_bench: MakeBench, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise ValueError

    bench = make_bench(observe=broken)

    assert statuses(await bench.send(ON)) == [Status.ACCEPTED]
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
