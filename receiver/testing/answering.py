"""What a sink promises about its answers: honest, in time, without secrets.

Must not know: where the events go.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Mapping
from typing import Any

import pytest
import structlog

from receiver.sink import Sink
from receiver.testing.delivery import Result
from receiver.testing.subject import Subject, broken, lag, run, told
from receiver.testing.taking import distinct

LONGEST_LAG = 0.5
"""Seconds that a busy machine may hold up the loop for; a hook that blocks does it for longer."""
GONE_SECONDS = 20.0
CANCEL_SECONDS = 2.0


class Answering:
    """Tests of what comes out of it."""

    def test_it_returns_what_a_hook_may_return(self, subject: Subject) -> None:
        for result in subject.deliver(distinct(subject.events(), 20)):
            if result.kind == "error" and "returned" in result.reason:
                broken(
                    "a hook returns None, True or False; on_batch one of them, or a list with"
                    " None, True, False, a Retry or a Reject for each event",
                    result.reason,
                )

    def test_it_does_not_hold_up_the_loop(self, subject: Subject) -> None:
        async def go() -> float:
            async with subject.opened() as opened:
                await opened.deliver(subject.events()[:1])  # imports are made once
                async with lag() as longest:
                    await opened.deliver(subject.events())
                return longest[0]

        # A machine may stop for a moment; a hook that blocks does so each time.
        longest = min(run(go()), run(go()))
        if longest > LONGEST_LAG:
            broken(
                "an `async` hook never blocks: what does is a plain one, which gets a thread",
                f"the loop stood still for {longest:.2f} s",
            )

    def test_it_can_be_cancelled(self, subject: Subject) -> None:
        async def go() -> tuple[bool, list[Result]]:
            async with subject.opened() as opened:
                events = subject.events()[:1]
                call = asyncio.create_task(opened.deliver(events))
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                call.cancel()
                done, _ = await asyncio.wait([call], timeout=CANCEL_SECONDS)
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    if done:
                        call.result()
                return bool(done), await opened.deliver(events)

        ended, results = run(go())
        if not ended:
            broken(
                "a hook that is cancelled at its deadline ends",
                f"it goes on for more than {CANCEL_SECONDS:g} s",
            )
        if any(result.outcome != "delivered" for result in results):
            broken(
                "a call that was cancelled leaves a sink that takes the next event",
                told(results[0]),
            )

    def test_it_prints_nothing(self, subject: Subject, capfd: pytest.CaptureFixture[str]) -> None:
        bound = subject.bound()
        if isinstance(bound.sink, Sink) and bound.sink.prints:
            pytest.skip("`prints = True`: it is there to print")
        if not isinstance(bound.sink, Sink):
            pytest.skip("a module of functions may print")
        capfd.readouterr()
        with _quiet_logs():
            subject.deliver(subject.events())
        printed = capfd.readouterr().out.strip()
        if printed:
            broken(
                "what it says goes to self.log; one that is there to print says prints = True",
                f"it printed {printed[:200]!r}",
            )

    def test_a_target_that_is_not_there_means_try_again(
        self, subject: Subject, unreachable: Mapping[str, Any] | None
    ) -> None:
        if unreachable is None:
            pytest.skip("override the fixture `unreachable` to have this tested")
        for result in _to_nowhere(subject, unreachable):
            if result.outcome == "delivered":
                broken(
                    "an event is delivered only when its target has it",
                    "it said delivered while its target was not there",
                )
            if result.outcome == "rejected":
                broken(
                    "Reject is for what no waiting can cure; a target that is away may be back",
                    told(result),
                )
            if result.outcome == "retry" and not result.reason and result.kind != "retry":
                broken("a failure has a reason that an operator can read", told(result))

    def test_neither_logs_nor_reasons_hold_a_secret(
        self,
        subject: Subject,
        unreachable: Mapping[str, Any] | None,
        caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        secrets = subject.secrets()
        if not secrets:
            pytest.skip("its settings, as the suite was given them, hold no secret")
        with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as lines:
            results = subject.deliver(subject.events()[:3])
            if unreachable is not None:
                results += _to_nowhere(subject, unreachable)
        printed = "".join(capfd.readouterr())
        said = [repr(lines), caplog.text, printed, *(result.reason for result in results)]
        for secret in secrets:
            if any(secret in text for text in said):
                broken(
                    "no secret gets into a log, an error or a dead letter",
                    "a log line, a reason or what it printed holds one of its secret settings",
                )


def _to_nowhere(subject: Subject, settings: Mapping[str, Any]) -> list[Result]:
    """What becomes of events while the target is not there; empty where it does not even open."""

    async def go() -> list[Result]:
        opened = False
        limit = asyncio.timeout(GONE_SECONDS)
        try:
            async with limit, subject.opened(settings) as sink:
                opened = True
                return await sink.deliver(subject.events()[:3])
        except Exception:
            if limit.expired():
                broken("a target that is not there is noticed", f"not within {GONE_SECONDS:g} s")
            if opened:
                raise
            return []

    return run(go())


@contextlib.contextmanager
def _quiet_logs() -> Any:
    """Lets structlog, which prints where nobody has configured it, write to stderr."""
    before = structlog.get_config()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        yield
    finally:
        structlog.configure(**before)
