"""The judge of the campaigns sees what must not be."""

from __future__ import annotations

from killer import Kill
from verdict import judge
from witnesses import ROUTES, Note

EACH, _, APART = ROUTES
ANSWERED = {"n1.0": "a", "n1.1": "b"}


def note(number: int, *, seq: int = 0, pid: int = 7, at: float = 1.0, id: str = "") -> Note:
    return Note(f"n1.{number}", "n1", number, seq or number + 1, id or "ab"[number], 1, pid, at)


def killed(what: str, pid: int, at: float) -> Kill:
    return Kill(what, at, at + 0.001, {pid: what}, frozenset())


def test_what_is_delivered_once_and_in_order_is_well() -> None:
    assert judge(EACH, [note(0), note(1)], ANSWERED, []).faults == []


def test_a_loss_an_inversion_and_another_id_are_faults() -> None:
    lost = judge(EACH, [note(0)], ANSWERED, []).faults
    inverted = judge(EACH, [note(1), note(0)], ANSWERED, []).faults
    renamed = judge(EACH, [note(0), note(1, id="c")], ANSWERED, []).faults

    assert [len(lost), len(inverted), len(renamed)] == [1, 1, 1]
    assert "never delivered" in lost[0]
    assert "came after" in inverted[0]
    assert "another id" in renamed[0]


def test_a_second_delivery_needs_the_end_of_the_process_that_made_the_first() -> None:
    twice = [note(0, at=1.0), note(1, at=1.1), note(0, pid=8, at=3.0)]

    assert judge(EACH, twice, ANSWERED, []).faults
    assert judge(EACH, twice, ANSWERED, [killed("worker", 9, 2.0)]).faults
    assert judge(EACH, twice, ANSWERED, [killed("backstage", 7, 4.0)]).faults
    found = judge(EACH, twice, ANSWERED, [killed("backstage", 7, 2.0)])
    assert found.faults == []
    assert found.again == {"backstage": 1}


def test_a_call_that_was_over_long_before_the_kill_explains_nothing() -> None:
    answered = {f"n1.{number}": "x" for number in range(20)}
    notes = [note(number, id="x") for number in range(20)] + [note(0, id="x", pid=8, at=3.0)]

    assert judge(APART, notes, answered, [killed("sink", 7, 2.0)]).faults
    assert judge(EACH, notes, answered, [killed("backstage", 7, 2.0)]).faults == []
