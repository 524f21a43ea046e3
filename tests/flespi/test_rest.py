"""flespi's messages over its REST API: asked for as it expects, each kept exactly once."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from receiver import Batch, Retry
from receiver.sources.flespi import FlespiRest, FlespiSettings
from receiver.testing import RunningReceiver

Until = Callable[..., None]


def message(number: int) -> bytes:
    """One without `server.timestamp`, which nothing but the cursor tells from its like."""
    return b'{"ident":"i%d","timestamp":1767225600.5,"channel.id":429,"n":%d}' % (
        number % 5,
        number,
    )


@pytest.fixture
async def transport(settings: dict[str, Any]) -> Any:
    made = FlespiRest(FlespiSettings(**settings), name="flespi.main")
    yield made
    await made.http.aclose()


async def test_it_asks_as_the_platform_expects_and_goes_on_where_that_says(
    channel: Any, transport: FlespiRest
) -> None:
    channel.add(message(1), b'{ "ident":"\xc3\xa4",  "position.speed":6.10 }')
    first = await transport.pull(None)
    assert [each.body for each in first.messages] == list(channel.messages.values())
    assert first.cursor == "3"
    channel.add(message(3))
    second = await transport.pull(first.cursor)
    assert [each.body for each in second.messages] == [message(3)]
    assert channel.violations == []
    assert channel.asked[0] == {
        "curr_key": 0,
        "timeout": 1,
        "delete": False,
        "limit_count": 1000,
        "limit_size": 8388608,
    }
    assert channel.asked[1]["curr_key"] == 3


async def test_only_what_is_kept_is_removed_there(channel: Any, transport: FlespiRest) -> None:
    channel.add(message(1), message(2))
    await transport.pull(None)
    await transport.pull(None)  # as after a crash before the commit
    assert len(channel.messages) == 2
    assert await transport.pull("3") == Batch()
    assert channel.messages == {}


async def test_nothing_is_removed_where_that_is_not_wanted(
    channel: Any, settings: dict[str, Any]
) -> None:
    transport = FlespiRest(FlespiSettings(**settings, delete=False))
    channel.add(message(1))
    assert (await transport.pull("2")).messages == ()
    assert len(channel.messages) == 1
    await transport.http.aclose()


@pytest.mark.parametrize(
    ("answer", "says", "after"),
    [
        ((429, {"Retry-After": "7"}, b"{}"), "answered 429", 7.0),
        ((503, {}, b"<html>"), "answered 503", None),
        ((403, {}, b'{"errors":[{"code":403,"reason":"no ACL"}]}'), "answered 403: no ACL", None),
        ((404, {}, b'{"errors":["gone"]}'), "answered 404: gone", None),
        (
            (200, {}, b'{"errors":[{"reason":"odd"}],"result":[]}'),
            "answered with errors: odd",
            None,
        ),
        ((200, {}, b'{"result":7}'), "not what it should be", None),
        ((200, {}, b"\xff"), "not what it should be", None),
        ((200, {}, b"[" * 100_000), "not what it should be", None),
        ((200, {}, b'{"result":[{}]}'), "no next_key", None),
        ((200, {}, b'{"result":[{}],"next_key":0}'), "where it began", None),
    ],
)
async def test_an_answer_that_brings_nothing_is_asked_for_again_later(
    answer: Any, says: str, after: float | None, channel: Any, transport: FlespiRest
) -> None:
    channel.answers.append(answer)
    with pytest.raises(Retry, match=says) as refused:
        await transport.pull(None)
    assert refused.value.after == after


async def test_a_platform_that_is_not_there_is_asked_again_later(settings: dict[str, Any]) -> None:
    transport = FlespiRest(FlespiSettings(**{**settings, "url": "http://127.0.0.1:1"}))
    with pytest.raises(Retry, match="no answer"):
        await transport.pull(None)
    await transport.http.aclose()


def test_an_address_that_is_none_is_refused(settings: dict[str, Any]) -> None:
    for url in ("flespi.io", "ftp://flespi.io", "https://a:b@flespi.io"):
        with pytest.raises(ValidationError, match="whole https"):
            FlespiSettings(**{**settings, "url": url})


def kept(receiver: RunningReceiver, state: str = "events") -> list[str]:
    """The payloads in the inbox, in order."""
    import asyncio

    from receiver.inbox import Query
    from receiver.inbox.sqlite import open_store

    async def read() -> list[str]:
        inbox = open_store(receiver.folder / ".receiver" / "inbox.db")
        try:
            found = await inbox.read(
                Query(limit=100_000, state="accepted" if state == "events" else "quarantined")
            )
            return [event.raw.decode() for event in found]
        finally:
            await inbox.close()

    return asyncio.run(read())


def test_killed_again_and_again_it_loses_nothing_and_keeps_nothing_twice(
    channel: Any, receiver: RunningReceiver, until: Until
) -> None:
    chance = random.Random(5)
    total = 0
    for _ in range(3):
        more = [message(total + n) for n in range(150)]
        total += len(more)
        channel.add(*more)
        receiver.start()
        least = len(channel.asked) + chance.randrange(2, 12)
        until(lambda least=least: len(channel.asked) >= least)
        receiver.stop(signal.SIGKILL)
    receiver.start()
    until(lambda: not channel.messages)
    receiver.stop()
    assert kept(receiver) == [message(n).decode() for n in range(total)]
    assert channel.violations == []


def test_one_bad_message_is_quarantined_and_not_its_batch(
    channel: Any, receiver: RunningReceiver, until: Until
) -> None:
    channel.answers += [(429, {"Retry-After": "0"}, b""), (502, {}, b"bad gateway")]
    channel.add(message(1), b'{"no":"ident"}', b"7", b'{"ident":"a","ident":"b"}', message(2))
    receiver.start()
    until(lambda: not channel.messages)
    receiver.stop()
    assert kept(receiver) == [message(1).decode(), message(2).decode()]
    assert len(kept(receiver, "quarantine")) == 3
