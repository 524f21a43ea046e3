"""Reading a body once: whole, bounded in size, time and memory, or not at all."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive

from receiver.http.body import Bodies
from receiver.http.framing import MAX_HEADER_BYTES, MAX_HEADERS, too_heavy
from receiver.replies import TooLarge, TooSlow, Unavailable

GONE: Message = {"type": "http.disconnect"}


def sender(*chunks: bytes | Message, whole: bool = True) -> Receive:
    """A sender of these chunks, silent afterwards; `whole`: the last one ends the body."""
    messages: list[Any] = [
        chunk
        if isinstance(chunk, dict)
        else {"type": "http.request", "body": chunk, "more_body": True}
        for chunk in chunks
    ]
    if whole and messages[-1]["type"] == "http.request":
        messages[-1]["more_body"] = False

    async def receive() -> Message:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop(0)

    return receive


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=5))
def test_a_body_is_put_together_from_its_chunks(chunks: list[bytes]) -> None:
    bodies = Bodies()
    body = asyncio.run(bodies.read(sender(*chunks), 1000))
    assert body == b"".join(chunks)
    assert bodies.held == len(b"".join(chunks))
    bodies.release(b"".join(chunks))
    assert bodies.held == 0


@pytest.mark.parametrize("chunks", [(b"12345678901",), (b"1234567890", b"1"), (b"", b"1" * 99)])
async def test_a_body_over_the_limit_is_read_to_its_end_and_not_kept(
    chunks: tuple[bytes, ...],
) -> None:
    bodies = Bodies()
    assert await bodies.read(sender(*chunks), 10) == TooLarge(10, read=True)
    assert bodies.held == 0


async def test_a_body_at_the_limit_is_taken() -> None:
    assert await Bodies().read(sender(b"12345", b"67890"), 10) == b"1234567890"


async def test_a_body_without_end_is_refused_before_it_is_read_for_ever() -> None:
    async def endless() -> Message:
        return {"type": "http.request", "body": bytes(1024 * 1024), "more_body": True}

    assert await Bodies().read(endless, 10) == TooLarge(10, read=False)


@pytest.mark.parametrize("chunks", [(), (b"half",)], ids=["nothing", "half"])
async def test_a_body_that_is_not_complete_in_time_is_too_slow(chunks: tuple[bytes, ...]) -> None:
    bodies = Bodies(seconds=0.05)
    assert await bodies.read(sender(*chunks, whole=False), 10) == TooSlow()
    assert bodies.held == 0


async def test_a_body_that_is_too_large_and_then_silent_is_too_large() -> None:
    bodies = Bodies(seconds=0.05)
    assert await bodies.read(sender(b"12345678901", whole=False), 10) == TooLarge(10, read=False)


@pytest.mark.parametrize("chunks", [(GONE,), (b"half", GONE)], ids=["at once", "half-way"])
async def test_a_sender_that_goes_away_is_nobodys_error(chunks: tuple[Any, ...]) -> None:
    bodies = Bodies()
    assert await bodies.read(sender(*chunks), 10) is None
    assert bodies.held == 0


async def test_bodies_that_are_not_answered_yet_are_bounded_together() -> None:
    bodies = Bodies(bytes_in_flight=10)
    first = await bodies.read(sender(b"123456"), 10)
    refused = await bodies.read(sender(b"12345"), 10)
    assert isinstance(refused, Unavailable)
    assert isinstance(await bodies.read(sender(b"123", b"45"), 10), Unavailable)
    assert isinstance(first, bytes)
    bodies.release(first)
    assert await bodies.read(sender(b"12345"), 10) == b"12345"


async def test_half_a_body_counts_as_long_as_it_is_read() -> None:
    bodies = Bodies(bytes_in_flight=12, seconds=0.2)
    slow = asyncio.create_task(bodies.read(sender(b"12345678", whole=False), 10))
    await asyncio.sleep(0.01)
    assert isinstance(await bodies.read(sender(b"12345"), 10), Unavailable)
    assert await slow == TooSlow()
    assert await bodies.read(sender(b"12345"), 10) == b"12345"


async def test_halves_of_bodies_leave_room_for_one_that_comes_at_once() -> None:
    bodies = Bodies(bytes_in_flight=12, seconds=0.2)
    halves = [asyncio.create_task(bodies.read(sender(b"123", whole=False), 10)) for _ in range(4)]
    await asyncio.sleep(0.01)
    assert bodies.held == 9
    assert await bodies.read(sender(b"123"), 10) == b"123"
    assert [type(outcome) for outcome in await asyncio.gather(*halves)].count(TooSlow) == 3


@pytest.mark.alone
async def test_each_wait_has_its_own_deadline_though_one_timer_serves_all() -> None:
    bodies = Bodies(seconds=1.0)
    loop = asyncio.get_running_loop()

    async def silent(after: float) -> float:
        await asyncio.sleep(after)
        began = loop.time()
        assert await bodies.read(_never, 10) == TooSlow()
        return loop.time() - began

    lasted = await asyncio.gather(*(silent(after) for after in (0.0, 0.5, 1.5)))
    # Served with a neighbour's deadline, one would last half a second less, or more.
    assert lasted == pytest.approx([1.0] * 3, abs=0.45)


async def test_who_begins_while_the_timer_is_late_puts_nobody_off() -> None:
    bodies = Bodies(seconds=0.2)
    first = asyncio.create_task(bodies.read(_never, 10))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(time.sleep, 0.3)  # so the first is due, unnoticed
    second = asyncio.create_task(bodies.read(_never, 10))
    await asyncio.wait([first, second], return_when=asyncio.FIRST_COMPLETED)
    assert (first.done(), second.done()) == (True, False)
    assert await first == await second == TooSlow()


async def _never() -> Message:
    await asyncio.Event().wait()
    raise AssertionError("nothing is sent")


async def test_a_request_that_the_server_cancels_is_cancelled() -> None:
    reading = asyncio.create_task(Bodies().read(_never, 10))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


def test_the_bodies_of_one_process_outlive_an_event_loop() -> None:
    bodies = Bodies(seconds=0.05)
    assert asyncio.run(bodies.read(sender(b"1"), 10)) == b"1"
    assert asyncio.run(bodies.read(_never, 10)) == TooSlow()


@pytest.mark.parametrize(
    ("headers", "heavy"),
    [
        ([(b"a", b"b")] * MAX_HEADERS, False),
        ([(b"a", b"b")] * (MAX_HEADERS + 1), True),
        ([(b"a", bytes(MAX_HEADER_BYTES - 5))], False),
        ([(b"a", bytes(MAX_HEADER_BYTES - 4))], True),
    ],
    ids=["as many as may be", "one more", "as long as may be", "one byte more"],
)
def test_headers_are_bounded_in_number_and_length(
    headers: list[tuple[bytes, bytes]], heavy: bool
) -> None:
    assert too_heavy(headers) is heavy
