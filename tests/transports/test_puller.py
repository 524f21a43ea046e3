"""One puller: what it keeps, what it acknowledges, how it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from receiver import Message
from receiver.catalogue import Catalogue
from receiver.errors import StoreError
from receiver.inbox import Query
from receiver.inbox.memory import MemoryInbox
from receiver.transports import Pull, State, operation_for
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


def test_messages_are_read_as_the_operation_with_the_most_types(served: Catalogue) -> None:
    contract = served.contract
    assert operation_for(contract, "gridx").path == "/gridx/events"
    assert operation_for(contract, "flespi").batch
    assert operation_for(contract, "flespi", "flespi_messages").path == "/flespi/messages"
    with pytest.raises(LookupError, match='did you mean "flespi_messages"'):
        operation_for(contract, "flespi", "flespi_message")
