"""A ledger takes in again what was given up: in its lane's order, whatever the lane is at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from receiver.ledger import Ledger
from receiver.turns import Exceptional

NOW = datetime(2026, 5, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=30)


def save(ledger: Ledger) -> None:
    delta = ledger.delta()
    if delta is not None:
        ledger.saved(delta)


def buried(*, later: int) -> Ledger:
    """A ledger that has given up event 1 of its lane and taken in `later` more, unless held."""
    ledger = Ledger()
    ledger.take(1, "A")
    ledger.close(1)
    save(ledger)
    for seq in range(2, 2 + later):
        ledger.take(seq, "A")
    return ledger


def claimed(ledger: Ledger, now: datetime = NOW) -> list[int]:
    return [turn.seq for turn in ledger.claim(10, now)]


def test_alone_in_its_lane_it_is_claimed_at_once_as_a_first_attempt() -> None:
    ledger = buried(later=0)

    assert ledger.reopen(Exceptional(1, "A"))

    [turn] = ledger.claim(10, NOW)
    assert (turn.seq, turn.attempt) == (1, 1)
    ledger.close(1)
    assert ledger.delta().forget == (1,)


def test_what_is_open_or_not_yet_passed_is_not_taken_in_twice() -> None:
    ledger = buried(later=1)

    assert not ledger.reopen(Exceptional(2, "A"))
    assert not ledger.reopen(Exceptional(3, "A"))
    assert ledger.reopen(Exceptional(1, "A"))
    assert not ledger.reopen(Exceptional(1, "A"))


def test_it_waits_for_what_is_in_flight_and_goes_before_what_comes_after() -> None:
    ledger = buried(later=2)  # 2 is in flight, 3 behind it
    ledger.reopen(Exceptional(1, "A"))
    assert claimed(ledger) == []

    ledger.close(2)
    save(ledger)
    assert claimed(ledger) == [1]
    ledger.close(1)
    save(ledger)
    assert claimed(ledger) == [3]


def test_what_fails_in_flight_goes_behind_it() -> None:
    ledger = buried(later=1)
    ledger.reopen(Exceptional(1, "A"))

    ledger.defer(2, until=LATER, failed_at=NOW)
    save(ledger)

    assert claimed(ledger, LATER) == [1]
    ledger.close(1)
    save(ledger)
    assert claimed(ledger, LATER) == [2]


def test_what_waits_for_its_next_attempt_goes_behind_it() -> None:
    ledger = buried(later=1)
    ledger.defer(2, until=LATER, failed_at=NOW)
    save(ledger)

    ledger.reopen(Exceptional(1, "A"))

    assert claimed(ledger, LATER) == [1]
    assert claimed(ledger, LATER) == []


def test_what_was_handed_back_goes_behind_it() -> None:
    ledger = buried(later=1)
    ledger.reopen(Exceptional(1, "A"))

    ledger.hand_back([2])

    assert claimed(ledger) == [1]


def test_without_order_it_waits_for_nobody() -> None:
    ledger = Ledger(ordered=False)
    for seq in (1, 2):
        ledger.take(seq, "A")
    ledger.close(1)
    save(ledger)

    ledger.reopen(Exceptional(1, "A"))

    assert claimed(ledger) == [1]
