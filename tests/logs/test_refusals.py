"""A flood of refused requests is a few lines, and every one of them is accounted for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from receiver import catalogue
from receiver.cli.narration import Narrator
from receiver.contract import Contract
from receiver.receipt import Receipt, Status
from receiver.refusals import Refusals
from receiver.replies import Refused, Taken, TooLarge
from receiver.sampling import Sampler


@pytest.fixture(scope="module")
def contract() -> Contract:
    return catalogue.load().contract


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    with capture_logs() as captured:
        yield captured


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_first_ones_are_said_at_once_and_then_one_at_a_time_with_a_count() -> None:
    sampler: Sampler[str] = Sampler(3, 10.0)
    assert [sampler.admit("a", 0.0) for _ in range(5)] == [0, 0, 0, None, None]
    assert sampler.admit("a", 9.9) is None
    assert sampler.admit("a", 10.1) == 3
    assert sampler.admit("a", 10.2) is None


def test_after_a_quiet_time_the_first_ones_are_said_again() -> None:
    sampler: Sampler[str] = Sampler(2, 1.0)
    for _ in range(9):
        sampler.admit("a", 0.0)
    assert [sampler.admit("a", 60.0) for _ in range(3)] == [7, 0, None]


def test_one_subject_takes_no_turn_of_another() -> None:
    sampler: Sampler[str] = Sampler(1, 10.0)
    assert [sampler.admit(subject, 0.0) for subject in "aab"] == [0, None, 0]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 5)), max_size=200))
def test_nothing_is_said_too_often_and_everything_is_accounted_for(
    steps: list[tuple[str, float]],
) -> None:
    sampler: Sampler[str] = Sampler(4, 2.0)
    now, said, counted = 0.0, 0, 0
    for subject, pause in steps:
        now += pause
        unsaid = sampler.admit(subject, now)
        said += unsaid is not None
        counted += 0 if unsaid is None else unsaid + 1
    assert said <= 3 * (4 + now / 2.0) + 3
    assert counted + sum(count for _, count in sampler.unsaid()) == len(steps)


async def test_ten_thousand_refusals_are_a_few_lines(contract: Contract, lines: list[Any]) -> None:
    refusals = Refusals(clock=Clock())
    for _ in range(10_000):
        refusals.observe(contract.operations[0], Refused("mismatch"), "the signature is wrong")
    assert len(lines) == 5
    refusals.sum_up()
    assert lines[-1]["count"] == 9_995
    assert lines[0]["reason"] == lines[-1]["reason"] == "mismatch"
    assert lines[0]["detail"] == "the signature is wrong"


async def test_a_flood_that_ends_is_summed_up(contract: Contract, lines: list[Any]) -> None:
    refusals = Refusals(burst=1, seconds=0.02)
    for _ in range(100):
        refusals.observe(contract.operations[0], TooLarge(5))
    async with asyncio.timeout(40):
        while True:
            if sum(line.get("count", 1) for line in lines) >= 100:
                break
            await asyncio.sleep(0.01)
    assert sum(line.get("count", 1) for line in lines) == 100


async def test_what_was_taken_is_not_told_but_for_the_quarantine(
    contract: Contract, lines: list[Any]
) -> None:
    refusals = Refusals(clock=Clock())
    good = Receipt(Status.ACCEPTED, "1")
    refusals.observe(contract.operations[0], Taken((good,)))
    refusals.observe(
        contract.operations[0], Taken((good, Receipt(Status.QUARANTINED, "2", ("no type",))))
    )
    [line] = lines
    assert (line["event"], line["detail"], line["status"]) == ("quarantined", "no type", 200)


def test_a_person_sees_each_of_their_own_requests_and_a_flood_in_a_few_lines(
    contract: Contract, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = Clock()
    narrator = Narrator(contract, "", clock=clock)
    for _ in range(6):
        clock.now += 3.0
        narrator.observe(contract.operations[0], Refused("missing"), "")
    assert len(capsys.readouterr().out.splitlines()) == 6
    for _ in range(5_000):
        narrator.observe(contract.operations[0], Refused("missing"), "")
    clock.now += 3.0
    narrator.observe(contract.operations[0], Refused("missing"), "")
    said = capsys.readouterr().out.splitlines()
    assert len(said) <= 12
    assert "more before" in said[-1]
