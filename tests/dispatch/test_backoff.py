"""Retry schedules: the table, the jitter, the end."""

from __future__ import annotations

import random
import statistics
from collections import Counter
from dataclasses import replace

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


def _chances(count: int = 20_000) -> list[float]:
    source = random.Random(7)
    return [source.random() for _ in range(count)]


def test_the_jitter_of_a_listed_delay_is_even_over_a_fifth_either_way() -> None:
    delays = [listed([100.0]).delay(1, chance) or 0.0 for chance in _chances()]

    assert 80.0 <= min(delays) < 80.1
    assert 119.9 < max(delays) <= 120.0
    assert statistics.mean(delays) == pytest.approx(100.0, abs=0.5)
    assert statistics.quantiles(delays, n=4) == pytest.approx([90.0, 100.0, 110.0], abs=0.8)


def test_full_jitter_spreads_a_delay_evenly_from_nothing_to_all_of_it() -> None:
    schedule = growing(10.0, 2.0, 60.0, 5)

    for attempt, longest in ((1, 10.0), (2, 20.0), (3, 40.0), (4, 60.0)):
        delays = [schedule.delay(attempt, chance) or 0.0 for chance in _chances()]
        quarters = [longest / 4, longest / 2, longest * 3 / 4]
        assert statistics.quantiles(delays, n=4) == pytest.approx(quarters, rel=0.03)
        assert max(delays) <= longest


def test_clients_that_failed_together_do_not_come_back_together() -> None:
    """Of 1,000 events that failed in one second, at most a handful is due in any later second."""
    delays = [DEFAULT.delay(3, chance) or 0.0 for chance in _chances(1_000)]

    assert max(Counter(int(delay) for delay in delays).values()) < 12


def test_what_is_older_than_its_age_allows_is_given_up() -> None:
    schedule = replace(listed([10.0] * 9), max_age=25.0)

    assert [schedule.over(age) for age in (0.0, 25.0, 25.1)] == [False, False, True]
    assert not DEFAULT.over(1e9)
