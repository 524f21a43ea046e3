"""A transport that fails, hangs, blocks or returns nonsense: contained, and told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from receiver import Batch, Message, Retry
from receiver.catalogue import Catalogue
from receiver.inbox.memory import MemoryInbox
from receiver.transports import Pull, Pullers, State
from receiver.transports import puller as module

Begin = Callable[..., Any]
Datum = Callable[..., bytes]
Upstream = Any
Kept = Callable[..., Any]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLOSING", 0.1)


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


@pytest.mark.alone
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


@pytest.mark.alone
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
    go = threading.Event()

    def block() -> None:
        nonlocal first
        if first:
            first = False
            go.wait(60)

    upstream.before_pull = block
    pullers = Pullers(inbox, served)
    await pullers.update([blocked])
    await until(lambda: not first)
    await pullers.update([blocked, pull])
    await until(lambda: any(each.name == "main" and each.accepted for each in pullers.standings()))
    assert not go.is_set()  # it is blocked still
    go.set()
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
