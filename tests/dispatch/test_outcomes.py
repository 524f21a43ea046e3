"""What a hook returns or raises, and what becomes of the event."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from pydantic import SecretStr

from receiver import Event, Reject, Retry, Sink, hookimpl
from receiver.backoff import listed


def sink_of(behave: Any) -> type[Sink]:
    class Behaving(Sink):
        @hookimpl
        def on_event(self, event: Event) -> Any:
            return behave(event)

    return Behaving


def async_sink_of(behave: Any) -> type[Sink]:
    class Behaving(Sink):
        @hookimpl
        async def on_event(self, event: Event) -> Any:
            return behave(event)

    return Behaving


def raising(error: BaseException) -> Any:
    def behave(event: Event) -> None:
        raise error

    return behave


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise SystemExit("even this")


FAILING = {
    "False": (lambda event: False, "retry", ""),
    "Retry": (raising(Retry("later")), "retry", "Retry"),
    "an exception": (raising(OSError("no route")), "error", "OSError"),
    "sys.exit": (raising(SystemExit(3)), "error", "SystemExit"),
    "Ctrl-C": (raising(KeyboardInterrupt()), "error", "KeyboardInterrupt"),
    "GeneratorExit": (raising(GeneratorExit()), "error", "GeneratorExit"),
    "CancelledError": (raising(asyncio.CancelledError()), "error", "CancelledError"),
    "StopIteration": (raising(StopIteration()), "error", None),
    "a text": (lambda event: "ok", "error", "TypeError"),
    "a number": (lambda event: 1, "error", "TypeError"),
    "unspeakable": (raising(Unspeakable()), "error", "Unspeakable"),
}


@pytest.mark.parametrize("make", [sink_of, async_sink_of], ids=["plain", "async"])
@pytest.mark.parametrize(("behave", "kind", "error"), FAILING.values(), ids=FAILING)
async def test_a_failed_attempt_is_written_down_and_comes_again(
    stage: Any, eventually: Any, make: Any, behave: Any, kind: str, error: str | None
) -> None:
    await stage.append(1)
    async with stage.playing(stage.route("bad", make(behave))):
        await eventually(lambda: stage.inbox.attempts("id-0"))
    (attempt,) = await stage.inbox.attempts("id-0")
    assert attempt.failure.kind == kind
    assert error is None or attempt.failure.error == error
    assert (attempt.next_at - stage.clock.now()).total_seconds() == 5.0


@pytest.mark.parametrize("make", [sink_of, async_sink_of], ids=["plain", "async"])
@pytest.mark.parametrize("value", [None, True])
async def test_returning_means_delivered(
    stage: Any, eventually: Any, make: Any, value: Any
) -> None:
    await stage.append(3)
    async with stage.playing(stage.route("good", make(lambda event: value))):
        await eventually(lambda: stage.passed("good"))


async def test_nonsense_is_answered_with_what_a_hook_may_return(
    stage: Any, eventually: Any
) -> None:
    await stage.append(1)
    async with stage.playing(stage.route("odd", sink_of(lambda event: {"status": "ok"}))):
        await eventually(lambda: stage.inbox.attempts("id-0"))
    (attempt,) = await stage.inbox.attempts("id-0")
    assert "returned {'status': 'ok'}" in attempt.failure.message
    assert "None or True (delivered) or False (try again)" in attempt.failure.message


async def test_a_rejected_event_is_a_dead_letter_at_once(stage: Any, eventually: Any) -> None:
    await stage.append(1)
    async with stage.playing(stage.route("r", sink_of(raising(Reject("too old"))))):
        await eventually(lambda: stage.inbox.dead_letters())
    (letter,) = await stage.inbox.dead_letters()
    assert (letter.attempts, letter.failure.kind, letter.failure.message) == (
        1,
        "reject",
        "too old",
    )


@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        *((60, 60.0), (0, 5.0), (None, 5.0), (-3, 5.0), (float("nan"), 5.0), ("soon", 5.0)),
        *((float("inf"), 7 * 86_400.0), (10**400, 7 * 86_400.0)),
    ],
)
async def test_a_retry_is_not_made_before_the_sink_asked_for_it(
    stage: Any, eventually: Any, after: Any, seconds: float
) -> None:
    await stage.append(1)
    async with stage.playing(stage.route("r", sink_of(raising(Retry("busy", after=after))))):
        await eventually(lambda: stage.inbox.attempts("id-0"))
    (attempt,) = await stage.inbox.attempts("id-0")
    assert (attempt.next_at - stage.clock.now()).total_seconds() == seconds


async def test_attempts_follow_the_schedule_and_end_in_a_dead_letter(
    stage: Any, eventually: Any
) -> None:
    seen: list[tuple[int, float]] = []
    start = stage.clock.now()

    def behave(event: Event) -> None:
        seen.append((event.attempt, (stage.clock.now() - start).total_seconds()))
        raise ValueError("still not")

    await stage.append(1)
    route = stage.route("r", sink_of(behave), schedule=listed([5, 300, 1800]))
    async with stage.playing(route):
        for wait, attempts in ((5, 1), (300, 2), (1800, 3)):
            await eventually(lambda n=attempts: stage.inbox.attempts("id-0"))
            await eventually(lambda n=attempts: stage_has(stage, n))
            stage.clock.advance(wait - 1)
            await asyncio.sleep(0.03)
            assert len(seen) == attempts
            stage.clock.advance(1.1)
        await eventually(lambda: stage.inbox.dead_letters())
    assert [attempt for attempt, _ in seen] == [1, 2, 3, 4]
    (letter,) = await stage.inbox.dead_letters()
    assert (letter.failure.kind, letter.failure.error) == ("expired", "ValueError")
    assert "still not" in letter.failure.traceback
    assert "behave" in letter.failure.traceback


async def stage_has(stage: Any, attempts: int) -> bool:
    place = await stage.place("r")
    return len(await stage.inbox.attempts("id-0")) == attempts and place.waiting == 1


@pytest.mark.parametrize("kind", ["plain", "async"])
async def test_a_call_past_its_deadline_has_failed(stage: Any, eventually: Any, kind: str) -> None:
    class Slow(Sink):
        @hookimpl
        def on_event(self, event: Event) -> None:
            time.sleep(0.5)

    class SlowAsync(Sink):
        @hookimpl
        async def on_event(self, event: Event) -> None:
            await asyncio.sleep(60)

    await stage.append(1)
    route = stage.route("slow", Slow if kind == "plain" else SlowAsync, deadline=0.1)
    async with stage.playing(route):
        await eventually(lambda: stage.inbox.attempts("id-0"))
    (attempt,) = await stage.inbox.attempts("id-0")
    assert attempt.failure.kind == "deadline"
    assert "0.1 s" in attempt.failure.message


async def test_a_plain_function_may_return_a_coroutine(stage: Any, eventually: Any) -> None:
    done = []

    async def later(event: Event) -> None:
        await asyncio.sleep(0)
        done.append(event.id)

    await stage.append(1)
    async with stage.playing(stage.route("r", sink_of(later))):
        await eventually(lambda: stage.passed("r"))
    assert done == ["id-0"]


async def test_no_secret_gets_into_what_is_kept_of_a_failure(stage: Any, eventually: Any) -> None:
    class Leaking(Sink):
        class Settings(Sink.Settings):
            token: SecretStr

        @hookimpl
        def on_event(self, event: Event) -> None:
            token = self.settings.token.get_secret_value()
            raise RuntimeError(f"refused: Bearer {token}")

    await stage.append(1)
    route = stage.route("r", Leaking, settings={"token": "hunter2-hunter2"})
    async with stage.playing(route) as dispatcher:
        await eventually(lambda: stage.inbox.attempts("id-0"))
        (status,) = await dispatcher.status()
    (attempt,) = await stage.inbox.attempts("id-0")
    assert "hunter2" not in repr(attempt) + repr(status) + repr(route)
    assert "refused: Bearer **********" in attempt.failure.message
