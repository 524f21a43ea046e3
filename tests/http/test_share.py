"""No worker has all the connections: who has more than its part knows how many are too many."""

from __future__ import annotations

import os

import pytest

from receiver.http.share import SEATS, Board


@pytest.mark.parametrize(
    ("in_use", "surplus"),
    [
        ([32, 0], [16, 0]),
        ([64, 0, 0, 0], [48, 0, 0, 0]),
        ([16, 16], [0, 0]),
        ([2, 0], [1, 0]),
        ([1, 0], [0, 0]),  # one connection cannot be shared
        ([2, 1], [0, 0]),
        ([18, 14], [0, 0]),  # an eighth more than the average
        ([19, 13], [3, 0]),
    ],
)
def test_what_is_more_than_an_even_part_is_too_much(in_use: list[int], surplus: list[int]) -> None:
    board = Board()
    seats = [board.seat() for _ in in_use]
    for seat, count in zip(seats, in_use, strict=True):
        seat.surplus(count)
    found = [seat.surplus(count) for seat, count in zip(seats, in_use, strict=True)]
    assert found == surplus


def test_a_worker_that_is_not_up_yet_and_one_that_ends_are_nobodys_measure() -> None:
    board = Board()
    here, ending, _starting = (board.seat() for _ in range(3))
    ending.surplus(0)
    assert here.surplus(10) == 5
    ending.rise()
    assert here.surplus(10) == 0
    assert ending.surplus(20) == 0, "it has enough to do with its end"
    assert here.surplus(10) == 0


def test_processes_see_each_other() -> None:
    board = Board()
    here, there = board.seat(), board.seat()
    child = os.fork()
    if child == 0:
        there.surplus(2)
        os._exit(0)
    os.waitpid(child, 0)
    assert here.surplus(10) == 4


def test_the_seat_of_a_worker_that_was_killed_is_given_to_another_once() -> None:
    board = Board()
    seats = [board.seat() for _ in range(SEATS)]
    assert board.seat() is None
    seats[7].surplus(5)
    seats[7].clear()
    seats[7].clear()
    assert seats[0].surplus(4) == 0, "what it had counts no more"
    assert board.seat() is not None
    assert board.seat() is None
