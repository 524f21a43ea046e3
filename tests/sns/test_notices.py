"""Notices: one for each subject, counted, bounded, shared by processes, gone when it is done."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from receiver import notices
from receiver.notices import Notices

START = datetime(2026, 1, 15, tzinfo=UTC)


def test_the_same_notice_is_counted_and_not_kept_twice(tmp_path: Path) -> None:
    times = [START, START + timedelta(seconds=5), START + timedelta(minutes=2)]
    clock = iter(times).__next__
    kept = Notices(tmp_path, clock=clock)
    said = [kept.note("sns-topic", "arn", "refused", "allow it") for _ in times]
    assert said == [True, False, True]
    [notice] = notices.read(tmp_path)
    assert (notice.count, notice.first, notice.last) == (2, times[0], times[2])
    assert notice.line == "refused; allow it"


def test_what_is_done_is_forgotten_and_may_be_said_again(tmp_path: Path) -> None:
    kept = Notices(tmp_path)
    kept.note("sns-topic", "a", "x")
    kept.note("sns-topic", "b", "x")
    kept.settle("sns-topic", "a")
    assert [notice.subject for notice in notices.read(tmp_path)] == ["b"]
    kept.settle("sns-topic", "a")
    assert kept.note("sns-topic", "a", "x")


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    kept = Notices(tmp_path)
    for number in range(notices.MOST + 10):
        kept.note("sns-topic", str(number), "x")
    found = notices.read(tmp_path)
    assert [notice.subject for notice in found] == [str(n) for n in range(10, notices.MOST + 10)]
    assert len(kept._said) <= notices.MOST


def write(folder: Path, name: str) -> None:
    for number in range(10):
        Notices(folder).note("sns-topic", f"{name}-{number}", "x")


def test_several_writers_do_not_take_each_others_away(tmp_path: Path) -> None:
    # The lock is of the file, so threads meet at it as processes do.
    with ThreadPoolExecutor(3) as writers:
        for done in [writers.submit(write, tmp_path, name) for name in "abc"]:
            done.result()
    assert len(notices.read(tmp_path)) == 30


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"kind": "x"}]'])
def test_a_damaged_file_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / notices.FILE).write_text(text)
    assert notices.read(tmp_path) == []
    Notices(tmp_path).note("sns-topic", "a", "x")
    assert len(notices.read(tmp_path)) == 1
