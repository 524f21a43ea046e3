"""What a route says in the log of what it could not deliver."""

from __future__ import annotations

from typing import Any

from structlog.testing import capture_logs

from receiver import Event, Reject, Retry, Sink, hookimpl
from receiver.backoff import listed


class Rejecting(Sink):
    @hookimpl
    async def on_event(self, event: Event) -> None:
        raise Reject("none of mine")


class Trying(Sink):
    @hookimpl
    async def on_event(self, event: Event) -> None:
        raise Retry("not now")


def told(logs: list[Any]) -> int:
    """How many failures the lines speak of."""
    return sum(
        line["count"] if "count" in line else 1 + line.get("not_logged_before", 0) for line in logs
    )


async def counted(stage: Any, what: str, number: int) -> bool:
    [status] = await stage.dispatcher.status()
    return bool(getattr(status, what) == number)


async def test_a_flood_of_dead_letters_is_a_few_lines_that_count_them_all(
    stage: Any, eventually: Any
) -> None:
    with capture_logs() as logs:
        async with stage.playing(stage.route("r", Rejecting)):
            await stage.append(1000)
            await eventually(lambda: counted(stage, "dead", 1000))

    lines = [line for line in logs if line["event"].startswith("dead letter")]
    assert len(lines) < 20
    assert [line["event_id"] for line in lines[:2]] == ["id-0", "id-1"]
    assert {line["route"] for line in lines} == {"r"}
    assert told(lines) == 1000


async def test_attempts_that_are_made_again_are_a_line_a_second_and_a_count(
    stage: Any, eventually: Any
) -> None:
    with capture_logs() as logs:
        async with stage.playing(stage.route("r", Trying, schedule=listed([3600.0]))):
            await stage.append(4, node=str)
            await eventually(lambda: counted(stage, "failed", 4))
            stage.clock.advance(1.0)
            await stage.append(1, node=str)
            await eventually(lambda: counted(stage, "failed", 5))

    lines = [line for line in logs if line["event"].startswith("not delivered")]
    assert [line.get("not_logged_before") for line in lines] == [None, 3]
