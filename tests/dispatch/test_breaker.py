"""The breaker and the pace, as rules: what time is it, and may anything go?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from receiver.breaker import Breaker, Limits
from receiver.pace import Pace

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def opened(limits: Limits) -> Breaker:
    breaker = Breaker(limits)
    for _ in range(limits.threshold):
        breaker.failed(NOON)
    return breaker


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    breaker = Breaker(Limits(threshold=3, pause=10))

    assert [breaker.failed(NOON) for _ in range(2)] == [False, False]
    breaker.succeeded()
    assert [breaker.failed(NOON) for _ in range(3)] == [False, False, True]
    assert [breaker.state(at(seconds)) for seconds in (0, 9.9, 10)] == ["open", "open", "half-open"]


def test_each_probe_that_fails_doubles_the_pause_up_to_the_longest() -> None:
    breaker = opened(Limits(threshold=3, pause=10, longest=35))
    now = NOON

    pauses = []
    for _ in range(4):
        assert breaker.until is not None
        pauses.append((breaker.until - now).total_seconds())
        now = breaker.until
        assert breaker.failed(now)
    assert pauses == [10, 20, 35, 35]


def test_a_success_closes_it_and_forgets_the_pauses() -> None:
    breaker = opened(Limits(threshold=2, pause=10))
    breaker.failed(at(10))
    breaker.succeeded()

    assert breaker.state(at(11)) == "closed"
    breaker.failed(at(11))
    assert breaker.failed(at(11))
    assert breaker.until == at(21)


def test_failures_of_calls_that_were_under_way_do_not_make_the_pause_longer() -> None:
    breaker = opened(Limits(threshold=2, pause=10))
    until = breaker.until

    assert not any(breaker.failed(at(second)) for second in range(5))
    assert breaker.until == until


def test_without_a_threshold_it_never_opens() -> None:
    breaker = Breaker(Limits(threshold=0))

    assert not any(breaker.failed(NOON) for _ in range(1_000))
    assert breaker.state(NOON) == "closed"


@given(st.floats(0.1, 5_000), st.lists(st.floats(0, 0.5), min_size=1, max_size=300))
def test_a_rate_is_never_exceeded_by_more_than_a_burst(rate: float, gaps: list[float]) -> None:
    pace = Pace(rate)
    now, went = NOON, 0
    for gap in gaps:
        now += timedelta(seconds=gap)
        room = pace.room(now)
        pace.go(room)
        went += room
    passed = (now - NOON).total_seconds()
    assert went <= rate * passed + max(1.0, rate * 0.1) + 1e-3


def test_a_rate_below_one_lets_one_go_after_its_time() -> None:
    pace = Pace(0.1)
    assert pace.room(NOON) == 1
    pace.go(1)

    assert pace.room(at(5)) == 0
    assert pace.more_at(at(5)) == at(10)
    assert pace.room(at(10)) == 1
