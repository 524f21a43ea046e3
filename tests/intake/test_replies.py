"""The reply contract: the status code is the product."""

from __future__ import annotations

import json
from typing import Any

import pytest

from receiver.receipt import Receipt, Status
from receiver.replies import (
    HeadersTooLarge,
    Outcome,
    Refused,
    Taken,
    TooLarge,
    TooSlow,
    Unavailable,
    reply,
)

ACCEPTED = Receipt(Status.ACCEPTED, "a-1")
DUPLICATE = Receipt(Status.DUPLICATE, "a-0")
QUARANTINED = Receipt(Status.QUARANTINED, "q-1", ("/id: is missing",))

EVERY_OUTCOME: list[tuple[Outcome, int]] = [
    (Taken([ACCEPTED]), 200),
    (Taken([DUPLICATE]), 200),
    (Taken([QUARANTINED]), 200),
    (Taken([], batch=True), 200),
    (Refused("missing"), 401),
    (TooLarge(1024), 413),
    (TooSlow(), 408),
    (HeadersTooLarge(), 431),
    (Unavailable(5, "The disk is full"), 503),
]


def body(outcome: Outcome) -> Any:
    return json.loads(reply(outcome).body)


@pytest.mark.parametrize(("outcome", "status"), EVERY_OUTCOME)
def test_every_outcome_has_its_one_status(outcome: Outcome, status: int) -> None:
    answer = reply(outcome)

    assert answer.status == status
    assert dict(answer.headers)[b"content-length"] == str(len(answer.body)).encode()


def test_one_event_is_answered_with_its_status_and_id() -> None:
    assert body(Taken([ACCEPTED])) == {"status": "accepted", "id": "a-1"}
    assert body(Taken([DUPLICATE])) == {"status": "duplicate", "id": "a-0"}


def test_a_quarantined_event_is_answered_with_its_problems() -> None:
    assert body(Taken([QUARANTINED])) == {
        "status": "quarantined",
        "id": "q-1",
        "problems": ["/id: is missing"],
    }


def test_a_batch_is_answered_with_counts_and_ids_in_order() -> None:
    assert body(Taken([ACCEPTED, DUPLICATE, QUARANTINED, ACCEPTED], batch=True)) == {
        "status": "quarantined",
        "accepted": 2,
        "duplicate": 1,
        "quarantined": 1,
        "ids": ["a-1", "a-0", "q-1", "a-1"],
    }


@pytest.mark.parametrize(
    ("receipts", "status"),
    [([], "accepted"), ([DUPLICATE], "duplicate"), ([DUPLICATE, ACCEPTED], "accepted")],
)
def test_a_batch_is_as_bad_as_its_worst_event(receipts: list[Receipt], status: str) -> None:
    assert body(Taken(receipts, batch=True))["status"] == status


def test_a_refusal_says_nothing_at_all() -> None:
    answer = reply(Refused("mismatch"))

    assert (answer.body, answer.headers) == (b"", ((b"content-length", b"0"),))


@pytest.mark.parametrize(("outcome", "status"), EVERY_OUTCOME[5:])
def test_a_failure_is_a_problem_document(outcome: Outcome, status: int) -> None:
    answer = reply(outcome)

    assert dict(answer.headers)[b"content-type"] == b"application/problem+json"
    assert json.loads(answer.body)["status"] == status


def test_unavailable_says_when_to_come_again() -> None:
    assert dict(reply(Unavailable(7, "x")).headers)[b"retry-after"] == b"7"
    assert dict(reply(Unavailable(0, "x")).headers)[b"retry-after"] == b"1"


def test_what_is_wrong_on_our_side_is_not_told_to_strangers() -> None:
    assert b"inbox.db" not in reply(Unavailable(5, "cannot open /data/inbox.db")).body


@pytest.mark.parametrize(
    ("outcome", "closes"),
    [
        (TooLarge(1), True),
        (TooLarge(1, read=True), False),
        (TooSlow(), True),
        (HeadersTooLarge(), True),
        (Unavailable(1, "x"), False),
        (Unavailable(1, "x", read=False), True),
        (Refused("missing"), False),
    ],
)
def test_the_connection_is_closed_where_the_body_was_not_read(
    outcome: Outcome, closes: bool
) -> None:
    assert ((b"connection", b"close") in reply(outcome).headers) is closes
