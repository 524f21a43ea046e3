"""The contract of stores: whatever is said of a failure, the verdict is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from receiver.errors import UnkeepableError
from receiver.inbox import Failure
from receiver.inbox.rules import LONGEST_TEXT

EAST = timezone(timedelta(hours=14))
WEST = timezone(timedelta(hours=-12))
ENDS = {
    "first": datetime.min.replace(tzinfo=UTC),
    "first, east of UTC": datetime.min.replace(tzinfo=EAST),
    "last": datetime.max.replace(tzinfo=UTC),
    "last, west of UTC": datetime.max.replace(tzinfo=WEST),
}


class Odd(str):
    """A text that is none to whoever asks it."""

    __slots__ = ()

    def __len__(self) -> int:
        raise SystemExit(3)

    def encode(self, *_: object) -> bytes:
        return b"\xff"

    def __conform__(self, _: object) -> object:
        return object()


TEXTS = {
    "a lone surrogate": ("a \ud800 b", "a \\ud800 b"),
    "bytes that were no UTF-8": (b"caf\xe9".decode("utf-8", "surrogateescape"), "caf\\udce9"),
    "a null": ("a\0b", "a\0b"),
    "not of this plane": ("🔥", "🔥"),
    "nothing": ("", ""),
    "very much": ("x" * 3_000_000, "x" * LONGEST_TEXT),
    "very many surrogates": ("\udfff" * 100_000, ("\\udfff" * LONGEST_TEXT)[:LONGEST_TEXT]),
    "an odd text": (Odd("text"), "text"),
}


def told(text: str, at: datetime) -> Failure:
    return Failure(at, kind=text, error=text, message=text, traceback=text)


@pytest.mark.parametrize(("text", "kept"), TEXTS.values(), ids=TEXTS)
async def test_whatever_is_said_of_a_failure_is_kept_and_the_route_goes_on(
    begin, take, inbox, entry, now, text, kept
):
    await begin([entry(id=name, node=name) for name in "abc"])
    deferred, buried, _ = await take()

    await inbox.defer(deferred, until=now + timedelta(hours=1), failure=told(text, now))
    await inbox.bury(buried, failure=told(text, now), at=now)

    await inbox.append([entry(id="later")])
    assert [claim.event.id for claim in await take()] == ["later"]
    [letter] = await inbox.dead_letters()
    [waiting] = await inbox.attempts("a")
    assert letter.failure == waiting.failure == told(kept, now)


@pytest.mark.parametrize("moment", ENDS.values(), ids=ENDS)
async def test_any_time_is_kept_and_the_route_goes_on_after_a_restart(
    begin, take, inbox, entry, now, reopen, moment
):
    await begin([entry(id=name, node=name) for name in "ab"])
    deferred, buried = await take()

    await inbox.defer(deferred, until=moment, failure=told("x", moment))
    await inbox.bury(buried, failure=told("x", moment), at=moment)
    again = await reopen()

    due = await again.claim("r", 9, now=ENDS["last"], match=lambda head: True)
    assert [(claim.event.id, claim.attempt) for claim in due] == [("a", 2)]
    assert len(await again.dead_letters()) == 1
    assert len(await again.attempts("a")) == 1


@pytest.mark.parametrize("wrong", ["until", "at", "failure", "text"])
async def test_a_verdict_that_cannot_be_kept_was_not_given(begin, take, inbox, entry, now, wrong):
    await begin([entry(id=name, node=name) for name in "ab"])
    [a, b] = await take()
    naive = now.replace(tzinfo=None)
    failure = told(b"x" if wrong == "text" else "x", naive if wrong == "failure" else now)

    if wrong != "at":
        with pytest.raises(UnkeepableError):
            await inbox.defer(a, until=naive if wrong == "until" else now, failure=failure)
    if wrong != "until":
        with pytest.raises(UnkeepableError):
            await inbox.bury(b, at=naive if wrong == "at" else now, failure=failure)

    await inbox.append([entry(id="later")])
    assert "later" in [claim.event.id for claim in await take()]
    await inbox.bury(b, at=now, failure=told("another", now))
    [letter] = await inbox.dead_letters()
    assert letter.failure.message == "another"
