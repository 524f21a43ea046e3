"""The ledger's promises, for any order of events, verdicts, saves and crashes."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from receiver.ledger import AT_ONCE, Ledger
from receiver.turns import Exceptional

START = datetime(2026, 1, 1, tzinfo=UTC)
BOUND = 6


class Journey(RuleBasedStateMachine):
    """A route over an endless inbox; `disk` is what was saved, and all that a crash leaves."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.log: list[tuple[str | None, bool]] = []  # (lane, wanted), position = index + 1
        self.disk_position = 0
        self.disk: dict[int, Exceptional] = {}
        self.ledger = Ledger(max_exceptions=BOUND)
        self.claimed: dict[int, int] = {}  # position -> attempt
        self.failures: dict[int, int] = defaultdict(int)  # saved ones
        self.closed: set[int] = set()  # verdicts given
        self.durable: set[int] = set()  # verdicts saved
        self.delivered: dict[str, list[int]] = defaultdict(list)
        self.unsaved_failures: dict[int, int] = {}

    @rule(events=st.lists(st.tuples(st.sampled_from([None, "A", "B"]), st.booleans()), max_size=6))
    def arrive(self, events) -> None:
        self.log += events

    @rule(n=st.integers(1, 5), run=st.integers(1, 3))
    def claim(self, n, run=1) -> None:
        turns = self.ledger.claim(n, self.now, run)
        while len(turns) < n and self.ledger.room and self.ledger.scanned < len(self.log):
            seq = self.ledger.scanned + 1
            lane, wanted = self.log[seq - 1]
            if not wanted:
                self.ledger.skip(seq)
            elif turn := self.ledger.take(seq, lane):
                turns.append(turn)
        together = {turn.seq for turn in turns}
        for turn in turns:
            lane, wanted = self.log[turn.seq - 1]
            assert wanted
            assert turn.seq not in self.claimed, "claimed twice"
            assert turn.seq not in self.durable, "delivered already"
            assert turn.attempt == self.failures[turn.seq] + 1
            earlier = [
                seq
                for seq, (other, also_wanted) in enumerate(self.log[: turn.seq - 1], 1)
                if lane is not None and other == lane and also_wanted and seq not in self.durable
            ]
            assert together.issuperset(earlier), "an earlier event of the lane is open"
            assert len(earlier) < run, "a run is longer than asked for"
            self.claimed[turn.seq] = turn.attempt

    @precondition(lambda self: self.claimed)
    @rule(data=st.data())
    def deliver(self, data) -> None:
        seq = data.draw(st.sampled_from(self.first_claimed()))
        del self.claimed[seq]
        assert self.ledger.close(seq)
        assert not self.ledger.close(seq), "a second verdict counts"
        self.closed.add(seq)
        lane = self.log[seq - 1][0]
        if lane is not None:
            self.delivered[lane].append(seq)

    @precondition(lambda self: self.claimed)
    @rule(data=st.data(), seconds=st.integers(0, 20))
    def fail(self, data, seconds) -> None:
        seq = data.draw(st.sampled_from(self.first_claimed()))
        del self.claimed[seq]
        until = self.now + timedelta(seconds=seconds)
        assert self.ledger.defer(seq, until=until, failed_at=self.now)
        self.give_up_run(seq)
        self.unsaved_failures[seq] = self.failures[seq] + 1

    @precondition(lambda self: self.claimed)
    @rule(data=st.data())
    def hand_back(self, data) -> None:
        seq = data.draw(st.sampled_from(sorted(self.claimed)))
        del self.claimed[seq]
        self.ledger.hand_back([seq])
        self.give_up_run(seq)

    def first_claimed(self) -> list[int]:
        """Of each run the event that may have a verdict: events are attempted in order."""
        firsts: dict[object, int] = {}
        for seq in sorted(self.claimed):
            lane = self.log[seq - 1][0]
            firsts.setdefault(seq if lane is None else lane, seq)
        return sorted(firsts.values())

    def give_up_run(self, failed: int) -> None:
        """What comes after one that was not delivered is handed back, as its holder must."""
        lane = self.log[failed - 1][0]
        later = [seq for seq in self.claimed if seq > failed and self.log[seq - 1][0] == lane]
        for seq in later if lane is not None else []:
            del self.claimed[seq]
            self.ledger.hand_back([seq])

    @rule(seconds=st.integers(1, 30))
    def time_passes(self, seconds) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def save(self) -> None:
        delta = self.ledger.delta()
        if delta is None:
            assert self.closed <= self.durable
            assert not self.unsaved_failures
            return
        assert delta.position >= self.disk_position
        self.disk_position = delta.position
        for row in delta.keep:
            self.disk[row.seq] = row
        for seq in delta.forget:
            del self.disk[seq]
        self.durable |= set(delta.closed)
        self.failures |= self.unsaved_failures
        self.unsaved_failures.clear()
        self.ledger.saved(delta)
        assert self.ledger.delta() is None

    @rule()
    def crash(self) -> None:
        self.ledger = Ledger(self.disk_position, self.disk.values(), max_exceptions=BOUND)
        self.claimed.clear()
        self.unsaved_failures.clear()
        self.closed = set(self.durable)

    @invariant()
    def the_saved_position_passes_nothing_that_is_open_and_has_no_row(self) -> None:
        for seq in range(1, self.disk_position + 1):
            wanted = self.log[seq - 1][1]
            assert not wanted or seq in self.durable or seq in self.disk
        assert all(seq <= self.disk_position for seq in self.disk)
        assert not self.durable & self.disk.keys()

    @invariant()
    def what_was_saved_as_delivered_is_never_open_after_a_restart(self) -> None:
        assert all(seq <= self.disk_position for seq in self.durable)

    @invariant()
    def the_bound_is_respected(self) -> None:
        assert self.ledger.open <= BOUND

    @invariant()
    def it_tells_when_something_is_due(self) -> None:
        due = self.ledger.next_due()
        assert due is None or due == AT_ONCE or due >= START

    def teardown(self) -> None:
        """Whatever happened, everything wanted gets delivered in the end, in order."""
        self.save()
        for _ in range(10 * (len(self.log) + 1)):
            self.now += timedelta(days=1)
            self.claim(5)
            for seq in list(self.claimed):
                del self.claimed[seq]
                self.ledger.close(seq)
                self.closed.add(seq)
            self.save()
        wanted = {seq for seq, (_, wanted) in enumerate(self.log, 1) if wanted}
        assert self.durable == wanted
        assert self.disk_position == len(self.log)
        assert self.disk == {}


Journey.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestJourney = Journey.TestCase


def test_successes_in_order_cost_one_position_and_no_row():
    ledger = Ledger()
    for seq in range(1, 101):
        ledger.take(seq, f"node-{seq % 60}")
    done = [turn.seq for turn in ledger.claim(100, START)]
    for seq in range(1, 61):
        ledger.close(seq)

    delta = ledger.delta()

    assert done == []
    assert (delta.position, delta.keep, delta.forget) == (60, (), ())


def test_only_what_was_overtaken_gets_a_row():
    ledger = Ledger()
    for seq in range(1, 6):
        ledger.take(seq, None)
    ledger.close(3)

    delta = ledger.delta()

    assert delta.position == 3
    assert [row.seq for row in delta.keep] == [1, 2]


def test_a_follower_waits_until_the_end_before_it_is_saved():
    ledger = Ledger()
    ledger.take(1, "A")
    ledger.take(2, "A")
    ledger.close(1)
    assert ledger.claim(9, START) == []

    ledger.saved(ledger.delta())

    assert ledger.next_due() == AT_ONCE
    assert [turn.seq for turn in ledger.claim(9, START)] == [2]


def test_an_ordered_route_made_of_an_unordered_one_waits_for_what_is_in_flight():
    ledger = Ledger(ordered=False)
    for seq in (1, 2, 3):
        ledger.take(seq, "A")
    ledger.hand_back([2])

    ledger.reshape(ordered=True, max_exceptions=10)

    assert ledger.claim(9, START) == []
    ledger.close(3)
    ledger.saved(ledger.delta())
    assert ledger.claim(9, START) == []
    ledger.close(1)
    ledger.saved(ledger.delta())
    assert [turn.seq for turn in ledger.claim(9, START)] == [2]


def test_waiting_and_held_back_exceptions_are_told_apart():
    ledger = Ledger()
    for seq, lane in enumerate(["A", "A", "B"], 1):
        ledger.take(seq, lane)
    ledger.defer(1, until=START + timedelta(seconds=9), failed_at=START)
    ledger.close(3)
    ledger.saved(ledger.delta())

    due = START + timedelta(seconds=9)
    assert list(ledger.kept()) == [(1, False, due), (2, True, None)]
    assert ledger.next_due() == due


def test_a_run_of_a_lane_is_claimed_together_whether_it_was_there_or_comes_now():
    ledger = Ledger()
    for seq in range(1, 4):
        ledger.take(seq, "A")
    ledger.release()

    turns = ledger.claim(9, START, run=4)
    more = [ledger.take(seq, "A") for seq in (4, 5)]

    assert [turn.seq for turn in turns] == [1, 2, 3]
    assert [turn and turn.seq for turn in more] == [4, None]


def test_a_lane_that_something_of_was_claimed_before_gets_no_second_run():
    ledger = Ledger()
    ledger.claim(9, START, run=9)
    ledger.take(1, "A")

    assert ledger.claim(9, START, run=9) == []
    assert ledger.take(2, "A") is None
