"""Intake: what is authentic is kept whatever it says, what is not is refused whatever it says."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from receiver.inbox import Receipt
from receiver.keyring import Keyring, Secret, SourceKeys
from receiver.receipt import Status
from receiver.replies import Refused, Taken, Unavailable, reply

ON = {"id": "1", "kind": "thing/on", "thing": "t-7", "at": "2026-01-15T09:00:00+01:00", "level": 3}

MakeBench = Callable[..., Any]


async def test_an_authentic_event_is_kept_with_all_that_was_found(bench: Any) -> None:
    raw = json.dumps(ON).encode() + b"\n"

    fates = await bench.fates(raw, headers=[("X-User", "ada")])

    [event] = await bench.kept()
    assert fates == ["accepted"]
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
    assert await bench.fates(ON, key=new) == ["accepted"]


async def test_the_last_secret_goes_on_after_its_expiry_with_one_warning(
    make_bench: MakeBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench = make_bench()
    last = replace(bench.keys.secrets[0], expires=bench.now - timedelta(days=1))
    bench.intake.keyring = Keyring({"acme": SourceKeys(secrets=(last,))})

    for n in range(3):
        assert await bench.fates({"kind": "ping", "id": str(n)}) == ["accepted"]

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
    problems = await bench.problems(body)

    [event] = await bench.quarantined()
    assert any(reason in problem for problem in problems), problems
    assert (event.raw, event.problems) == (body, problems)


async def test_every_problem_is_listed_up_to_twenty(bench: Any) -> None:
    both = await bench.problems({"kind": "thing/on", "level": 9, "at": 1})

    assert {problem.split(":")[0] for problem in both} == {"/", "/level", "/at"}


async def test_an_integer_beyond_64_bits_is_no_fault(bench: Any) -> None:
    assert await bench.fates({"kind": "ping", "n": 10**4000}) == ["accepted"]


async def test_the_same_event_again_is_a_duplicate_of_the_first(bench: Any) -> None:
    first = await bench.send(ON)
    second = await bench.send(ON)

    assert second == Taken([Receipt(Status.DUPLICATE, first.receipts[0].id)])


async def test_the_same_key_with_another_body_goes_to_quarantine(bench: Any) -> None:
    await bench.send(ON)

    assert await bench.fates({**ON, "level": 4}) == ["quarantined"]


async def test_without_a_key_equal_events_are_two_unless_a_rule_says_otherwise(bench: Any) -> None:
    plain, once = {"kind": "ping"}, {"kind": "ping", "once": True}

    assert [await bench.fates(body) for body in (plain, plain)] == [["accepted"], ["accepted"]]
    assert [await bench.fates(body) for body in (once, once)] == [["accepted"], ["duplicate"]]


async def test_a_rule_with_a_window_forgets_after_it(bench: Any) -> None:
    once = {"kind": "ping", "once": True}
    await bench.send(once)
    bench.now += timedelta(seconds=61)

    assert await bench.fates(once) == ["accepted"]


async def test_each_event_of_a_batch_is_kept_with_its_own_bytes(bench: Any) -> None:
    fates = await bench.fates(
        b'[{"kind":"ping", "id":"a"},\n {"kind":"ping","id":"b"} ]', to="acme_batch"
    )

    assert fates == ["accepted", "accepted"]
    assert [event.raw for event in await bench.kept()] == [
        b'{"kind":"ping", "id":"a"}',
        b'{"kind":"ping","id":"b"}',
    ]


async def test_one_bad_event_does_not_spoil_its_batch(bench: Any) -> None:
    batch = b'[{"kind":"ping"},{"kind":NaN},{"kind":"?"},{"kind":"ping"}]'

    fates = await bench.fates(batch, to="acme_batch")

    assert fates == ["accepted", "quarantined", "quarantined", "accepted"]
    assert [event.raw for event in await bench.quarantined()] == [b'{"kind":NaN}', b'{"kind":"?"}']


async def test_an_event_twice_in_one_batch_is_kept_once(bench: Any) -> None:
    outcome = await bench.send([ON, ON], to="acme_batch")

    [first, second] = outcome.receipts
    assert second == Receipt(Status.DUPLICATE, first.id)


async def test_an_empty_batch_is_taken(bench: Any) -> None:
    outcome = await bench.send(b"[]", to="acme_batch")

    assert outcome == Taken((), batch=True)
    assert reply(outcome).status == 200


@pytest.mark.parametrize("body", [b'{"kind":"ping"}', b"[", b"\xff", b"", b"[0,0,0,0,0,0]"])
async def test_a_batch_that_cannot_be_taken_apart_is_kept_whole(bench: Any, body: bytes) -> None:
    assert await bench.problems(body, to="acme_batch")

    [event] = await bench.quarantined()
    assert event.raw == body
