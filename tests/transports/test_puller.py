"""One puller: what it keeps, what it acknowledges, and what it makes of a transport that fails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from receiver import Batch, Message, Retry
from receiver.catalogue import Catalogue
from receiver.errors import StoreError
from receiver.inbox import Query
from receiver.inbox.memory import MemoryInbox
from receiver.transports import Pull, Pullers, State, operation_for
from receiver.transports import puller as module

Begin = Callable[..., Any]
Datum = Callable[..., bytes]
Upstream = Any
Kept = Callable[..., Any]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLOSING", 0.1)


async def test_what_is_pulled_is_kept_in_order_and_then_acknowledged(
    pull: Pull, inbox: MemoryInbox, upstream: Upstream, run: Begin, kept: Kept, datum: Datum
) -> None:
    upstream.messages = [Message(datum(n)) for n in range(8)]
    begun = run(pull, inbox)
    await begun.until(lambda: len(upstream.acknowledged) == 8)
    assert await kept(inbox) == [message.body for message in upstream.messages]
    assert begun.standing.accepted == 8
    assert begun.standing.state is State.PULLING
    assert begun.standing.pulled_at is not None


async def test_nothing_is_acknowledged_that_could_not_be_kept(
    pull: Pull, inbox: MemoryInbox, upstream: Upstream, run: Begin, kept: Kept, datum: Datum
) -> None:
    full = True

    class Full:
        cursor = staticmethod(inbox.cursor)

        async def append(self, *arguments: Any) -> Any:
            if full:
                raise StoreError("the disk is full")
            return await inbox.append(*arguments)

    upstream.messages = [Message(datum(1))]
    begun = run(pull, Full())
    await begun.until(lambda: begun.standing.failures >= 3)
    assert upstream.acknowledged == []
    assert "the disk is full" in begun.standing.error
    full = False
    await begun.until(lambda: upstream.acknowledged)
    assert len(await kept(inbox)) == 1
    await begun.until(lambda: begun.standing.failures == 0)
    assert begun.standing.error == ""


async def test_after_a_restart_it_goes_on_where_the_store_says(
    pull: Pull, inbox: MemoryInbox, upstream: Upstream, run: Begin, kept: Kept, datum: Datum
) -> None:
    upstream.messages = [Message(datum(n)) for n in range(3)]
    first = run(pull, inbox)
    await first.until(lambda: len(upstream.acknowledged) == 3)
    await first.stop()
    upstream.messages += [Message(datum(9))]
    upstream.cursors.clear()
    second = run(pull, inbox)
    await second.until(lambda: len(upstream.acknowledged) == 4)
    assert upstream.cursors[0] == "3"
    assert len(await kept(inbox)) == 4


async def test_a_cursor_of_another_stream_is_not_used(
    pull: Pull, inbox: MemoryInbox, upstream: Upstream, run: Begin
) -> None:
    await inbox.append([], ("pull/solarnetwork/main/other", "7"))
    begun = run(pull, inbox)
    await begun.until(lambda: upstream.cursors)
    assert upstream.cursors[0] is None


async def test_a_message_handed_out_twice_is_delivered_once_by_the_other_sides_id(
    pull: Pull, inbox: MemoryInbox, upstream: Upstream, run: Begin, kept: Kept, datum: Datum
) -> None:
    same = datum(1)
    upstream.messages = [Message(same, "a"), Message(same, "a"), Message(same, "b"), Message(same)]
    begun = run(pull, inbox)
    await begun.until(lambda: len(upstream.acknowledged) == 4)
    assert len(await kept(inbox)) == 3
    assert begun.standing.duplicates == 1


async def test_poison_goes_to_quarantine_and_is_acknowledged(
    pull: Pull, inbox: MemoryInbox, upstream: Upstream, run: Begin, kept: Kept, datum: Datum
) -> None:
    bad = [b"\xff\xfe", b"", b"[1", b'{"topic":"of/no/type"}', b"{" * 100_000, b"null"]
    upstream.messages = [Message(body) for body in bad] + [Message(datum(1))]
    begun = run(pull, inbox)
    await begun.until(lambda: len(upstream.acknowledged) == 7)
    assert await kept(inbox) == [datum(1)]
    assert await kept(inbox, state="quarantined") == bad
    assert begun.standing.quarantined == 6
    for event in await inbox.read(Query(state="quarantined", limit=9)):
        assert event.problems


async def test_a_message_that_is_an_array_is_split_where_the_operation_takes_arrays(
    pull: Pull, inbox: MemoryInbox, upstream: Upstream, run: Begin, kept: Kept
) -> None:
    upstream.messages = [
        Message(b' [{"ident":"a"},{"no":1}, {"ident":"b"}]'),
        Message(b'{"ident":"c"}'),
    ]
    begun = run(replace(pull, source="flespi"), inbox)
    await begun.until(lambda: len(upstream.acknowledged) == 2)
    assert await kept(inbox) == [b'{"ident":"a"}', b'{"ident":"b"}', b'{"ident":"c"}']
    assert begun.standing.quarantined == 1


@pytest.mark.parametrize(
    ("nonsense", "says"),
    [
        ([], "list"),
        (Batch(messages=(b"x",)), "no Message of bytes"),  # type: ignore[arg-type]
        (Batch(messages=(Message("text"),)), "no Message of bytes"),  # type: ignore[arg-type]
        (Batch(cursor=7), "cursor of type int"),  # type: ignore[arg-type]
        (Batch(messages="abc"), "messages of type str"),  # type: ignore[arg-type]
    ],
)
async def test_nonsense_is_told_and_keeps_nothing(
    nonsense: Any,
    says: str,
    pull: Pull,
    inbox: MemoryInbox,
    upstream: Upstream,
    run: Begin,
    kept: Kept,
) -> None:
    upstream.answer = nonsense
    begun = run(pull, inbox)
    await begun.until(lambda: begun.standing.failures >= 2)
    assert says in begun.standing.error
    assert await kept(inbox) == []
    assert upstream.opened >= 2
    assert upstream.closed >= 1


@pytest.mark.parametrize("error", [ValueError("bad"), SystemExit(3), KeyboardInterrupt()])
async def test_whatever_it_raises_costs_a_pause_that_grows(
    error: BaseException,
    pull: Pull,
    inbox: MemoryInbox,
    upstream: Upstream,
    run: Begin,
    datum: Datum,
) -> None:
    def fail() -> None:
        raise error

    upstream.before_pull = fail
    begun = run(pull, inbox)
    await begun.until(lambda: begun.standing.failures >= 8)
    assert type(error).__name__ in begun.standing.error
    assert begun.pauses[0] <= 1.0
    assert 30.0 <= begun.pauses[7] <= 60.0
    upstream.before_pull = lambda: None
    upstream.messages = [Message(datum(1))]
    await begun.until(lambda: upstream.acknowledged)


async def test_a_transport_may_ask_for_a_longer_pause(
    pull: Pull, inbox: MemoryInbox, upstream: Upstream, run: Begin
) -> None:
    def fail() -> None:
        raise Retry("too many requests", after=90)

    upstream.before_pull = fail
    begun = run(pull, inbox)
    await begun.until(lambda: begun.pauses)
    assert begun.pauses[0] == 90
    assert begun.standing.error == "too many requests"


async def test_a_call_that_hangs_is_cancelled_at_its_deadline(
    pull: Pull, inbox: MemoryInbox, upstream: Upstream, run: Begin, datum: Datum
) -> None:
    upstream.before_pull = lambda: asyncio.sleep(3600)
    begun = run(replace(pull, deadline=0.05), inbox)
    await begun.until(lambda: begun.standing.failures)
    assert "took longer than 0.05 s" in begun.standing.error
    upstream.before_pull = lambda: None
    upstream.messages = [Message(datum(1))]
    await begun.until(lambda: upstream.acknowledged)


async def test_calls_that_do_not_end_are_left_alone_and_after_two_it_is_stuck(
    pull: Pull, inbox: MemoryInbox, upstream: Upstream, run: Begin
) -> None:
    leave = asyncio.Event()

    async def deaf() -> None:
        while not leave.is_set():
            try:
                await leave.wait()
            except asyncio.CancelledError:
                continue

    upstream.before_pull = deaf
    begun = run(replace(pull, deadline=0.05), inbox)
    await begun.until(begun.task.done)
    assert begun.standing.state is State.STUCK
    assert "has not ended" in begun.standing.error
    leave.set()
    await asyncio.sleep(0)


async def test_one_that_does_not_wait_when_there_is_nothing_does_not_spin(
    pull: Pull, inbox: MemoryInbox, upstream: Upstream, run: Begin
) -> None:
    upstream.answer = Batch()
    begun = run(pull, inbox)
    await begun.until(lambda: len(begun.pauses) >= 2)
    assert begun.pauses[0] == pytest.approx(module.LEAST_WAIT, abs=0.1)


async def test_its_secrets_stay_out_of_what_is_told(
    pull: Pull, inbox: MemoryInbox, upstream: Upstream, run: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pydantic import SecretStr

    from receiver.transport import TransportSettings

    class WithToken(TransportSettings):
        token: SecretStr

    def fail() -> None:
        raise ValueError("the token s3cr3t-t0ken is not known")

    monkeypatch.setattr(pull.transport.load(), "Settings", WithToken)
    upstream.before_pull = fail
    begun = run(replace(pull, settings={"token": "s3cr3t-t0ken"}), inbox)
    await begun.until(lambda: begun.standing.failures)
    assert "s3cr3t" not in begun.standing.error
    assert "s3cr3t" not in repr(begun.puller.pull)


async def test_a_transport_that_blocks_holds_up_no_other_and_not_the_loop(
    pull: Pull,
    inbox: MemoryInbox,
    upstream: Upstream,
    served: Catalogue,
    datum: Datum,
    until: Kept,
) -> None:
    blocked = replace(pull, name="blocked", settings={"allow_private": True})
    upstream.messages = [Message(datum(1))]
    first = True

    def block() -> None:
        nonlocal first
        if first:
            first = False
            time.sleep(1.0)

    upstream.before_pull = block
    pullers = Pullers(inbox, served)
    await pullers.update([blocked])
    await until(lambda: not first)
    begun = time.monotonic()
    await pullers.update([blocked, pull])
    await until(lambda: any(each.name == "main" and each.accepted for each in pullers.standings()))
    assert time.monotonic() - begun < 0.9
    await pullers.stop()


async def test_only_what_changed_is_begun_anew(
    pull: Pull,
    inbox: MemoryInbox,
    upstream: Upstream,
    served: Catalogue,
    until: Kept,
) -> None:
    pullers = Pullers(inbox, served)
    other = replace(pull, name="other")
    await pullers.update([pull, other])
    await until(lambda: upstream.opened >= 2)
    await pullers.update([replace(pull), replace(other, deadline=4.0)])
    await until(lambda: upstream.opened >= 3)
    assert upstream.closed == 1
    await pullers.update([other])
    assert [each.name for each in pullers.standings()] == ["other"]
    await pullers.stop()
    assert pullers.standings() == []
    assert upstream.closed == upstream.opened


def test_messages_are_read_as_the_operation_with_the_most_types(served: Catalogue) -> None:
    contract = served.contract
    assert operation_for(contract, "gridx").path == "/gridx/events"
    assert operation_for(contract, "flespi").batch
    assert operation_for(contract, "flespi", "flespi_messages").path == "/flespi/messages"
    with pytest.raises(LookupError, match='did you mean "flespi_messages"'):
        operation_for(contract, "flespi", "flespi_message")
