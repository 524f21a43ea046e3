"""How long one turn of the loop waits for the next: while each brings more, and hardly at all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from receiver.gathering import SECONDS, Gathering


def test_it_goes_on_while_there_is_more_and_not_enough() -> None:
    gathering = Gathering(10)

    assert [gathering.goes_on(size, 0.0) for size in (3, 5, 5)] == [True, True, False]
    assert [gathering.goes_on(size, 0.0) for size in (3, 9, 10)] == [True, True, False]
    assert gathering.goes_on(10, 0.0) is False


def test_where_turns_are_long_nobody_waits_for_several() -> None:
    gathering = Gathering(10)

    assert gathering.goes_on(1, 7.0) is True
    assert gathering.goes_on(2, 7.0 + SECONDS) is False
    assert gathering.goes_on(3, 7.0 + SECONDS) is True


@given(st.lists(st.tuples(st.integers(0, 20), st.floats(0, 0.002)), max_size=50))
def test_nothing_waits_for_longer_than_it_may(turns: list[tuple[int, float]]) -> None:
    gathering, now, began, size = Gathering(100), 0.0, None, 0
    for more, passed in turns:
        now, size = now + passed, size + more
        began = now if began is None else began
        if gathering.goes_on(size, now):
            assert now - began < SECONDS
        else:
            began, size = None, 0
