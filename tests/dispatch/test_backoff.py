"""Retry schedules: the table, the jitter, the end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.backoff import DEFAULT, growing, listed, pause

HOUR = 3600


def test_by_default_an_event_is_tried_for_about_three_days() -> None:
    delays = [DEFAULT.delay(attempt, 0.5) for attempt in range(1, 10)]
    expected = [5, 300, 1800, *(hours * HOUR for hours in (2, 5, 10, 14, 20, 24))]
    assert delays == pytest.approx(expected)
    assert DEFAULT.delay(10, 0.5) is None


@given(st.integers(1, 9), st.floats(0, 1))
def test_a_listed_delay_moves_by_a_fifth_at_most(attempt: int, random: float) -> None:
    delay, middle = DEFAULT.delay(attempt, random), DEFAULT.delay(attempt, 0.5)
    assert delay is not None
    assert middle is not None
    assert 0.799 * middle <= delay <= 1.201 * middle


def test_a_growing_delay_is_capped_and_has_full_jitter() -> None:
    schedule = growing(first=5, factor=2, cap=30, attempts=6)
    assert [schedule.delay(n, 1.0) for n in range(1, 7)] == [5, 10, 20, 30, 30, None]
    assert [schedule.delay(n, 0.0) for n in range(1, 7)] == [0, 0, 0, 0, 0, None]


def test_one_attempt_means_no_retry() -> None:
    assert growing(5, 2, 60, attempts=1).delay(1, 0.5) is None
    assert listed([]).delay(1, 0.5) is None


@pytest.mark.parametrize("delay", [-1, float("nan"), float("inf"), 604_801, 1e15])
def test_a_delay_is_a_number_of_seconds(delay: float) -> None:
    with pytest.raises(ValueError, match="delay is a number"):
        listed([delay])


def test_a_growth_that_grows_beyond_all_numbers_is_still_capped() -> None:
    assert growing(1, 1e300, 3600, attempts=900).delay(899, 1.0) == 3600


@pytest.mark.parametrize("wrong", [{"first": 1e15}, {"cap": 604_801}, {"factor": float("nan")}])
def test_no_growth_goes_beyond_a_week(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="from 0 to 604800"):
        growing(**{"first": 5, "factor": 2, "cap": 30, **wrong}, attempts=6)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_pause_is_never_long_and_never_nothing(failures: int, random: float) -> None:
    assert 0.05 <= pause(failures, random) <= 30
