"""What an answer means for the event."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from receiver_http.answer import EXCERPT, LONGEST_WAIT, excerpt, judge, wait_seconds

from receiver import Reject, Retry

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)


def judged(status: int, retry_after: str | None = None) -> None:
    judge(status, retry_after=retry_after, text="said so", now=NOW)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_means_delivered(status: int) -> None:
    judged(status)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_what_may_pass_is_tried_again(status: int) -> None:
    with pytest.raises(Retry, match=f"answered {status}: said so") as caught:
        judged(status)
    assert caught.value.after is None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 422, 451])
def test_any_other_4xx_is_final_and_says_why(status: int) -> None:
    with pytest.raises(Reject, match=f"answered {status}: said so"):
        judged(status)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_a_redirect_is_final_and_says_what_to_do(status: int) -> None:
    with pytest.raises(Reject, match=f"answered {status}: redirects are not followed, set `url`"):
        judged(status)


def test_retry_after_reaches_the_schedule() -> None:
    with pytest.raises(Retry) as caught:
        judged(503, retry_after="120")
    assert caught.value.after == 120


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        (" 120 ", 120),
        ("Fri, 01 May 2026 12:00:30 GMT", 30),
        ("Fri, 01 May 2026 12:00:30 -0000", 30),
        ("Fri, 01 May 2026 11:00:00 GMT", 0),
        ("Fri, 01 May 2026 14:00:30 +0200", 30),
        ("86401", LONGEST_WAIT),
        ("9" * 5000, LONGEST_WAIT),
        ("Fri, 01 May 2099 12:00:00 GMT", LONGEST_WAIT),
    ],
)
def test_retry_after_is_seconds_or_a_date_within_a_day(value: str, seconds: float) -> None:
    assert wait_seconds(value, now=NOW) == seconds


@pytest.mark.parametrize(
    "value",
    [None, "", "soon", "-5", "1.5", "٣", "Fri, 99 May 2026 99:00:00 GMT", "1 Jan", "0 0 0 0 0"],
)
def test_a_retry_after_that_is_neither_is_left_to_the_schedule(value: str | None) -> None:
    assert wait_seconds(value, now=NOW) is None


def test_an_excerpt_is_one_short_printable_line() -> None:
    line = excerpt(b"no\r\n\tsuch\x1b[31m hook\x00\xff " + b"x" * 1000, [])
    assert line.startswith("no such [31m hook �")
    assert len(line) == EXCERPT + 1


def test_an_excerpt_holds_no_secret_even_when_one_is_part_of_another() -> None:
    said = excerpt(b"Cannot POST /hooks/abcd for Bearer abcd", ["abcd", "Bearer abcd"])
    assert said == "Cannot POST /hooks/[secret] for [secret]"
