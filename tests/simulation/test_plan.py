"""What a simulated platform sends, and when it sends again."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from receiver import openapi
from receiver.errors import SpecError
from receiver.resending import ONCE, Resending, Statuses
from receiver.simulation.account import Account, Fate, Found, verdict
from receiver.simulation.plan import DUPLICATE_SECONDS, REORDER_SECONDS, Plan

ROOT = Path(__file__).resolve().parents[2]
PART = st.floats(0, 1)


@settings(max_examples=60)
@given(
    count=st.integers(1, 300), rate=st.floats(0.5, 5_000), duplicates=PART, bad=PART,
    reordered=PART, burst=st.integers(1, 50), seed=st.integers(0, 99),
)  # fmt: skip
def test_a_plan_sends_every_event_once_in_the_order_of_time(
    count: int, rate: float, duplicates: float, bad: float, reordered: float, burst: int, seed: int
) -> None:
    plan = Plan(
        count=count, rate=rate, duplicates=duplicates, bad_signatures=bad, reordered=reordered,
        burst=burst,
    )  # fmt: skip
    sendings = list(plan.sendings(Random(seed)))

    events = [each for each in sendings if each.kind == "event"]
    assert sorted(each.number for each in events) == list(range(count))
    assert [each.at for each in sendings] == sorted(each.at for each in sendings)
    first = {each.number: each.at for each in events}
    for each in sendings:
        if each.kind == "duplicate":
            assert 0 <= each.at - first[each.number] <= DUPLICATE_SECONDS
        if each.kind == "event":
            due = each.number // burst * burst / rate
            assert 0 <= each.at - due <= REORDER_SECONDS
    for kind, part in (("duplicate", duplicates), ("forgery", bad)):
        found = Counter(each.kind for each in sendings)[kind]
        assert part not in (0.0, 1.0) or found == part * count


def test_without_disorder_events_come_in_turn_and_at_their_rate() -> None:
    sendings = list(Plan(count=10, rate=5).sendings(Random(1)))

    assert [each.number for each in sendings] == list(range(10))
    assert [each.at for each in sendings] == pytest.approx([n / 5 for n in range(10)])


@pytest.fixture(scope="module")
def rules() -> dict[str, Resending]:
    contract = openapi.parse(yaml.safe_load((ROOT / "webhooks.yaml").read_text()))
    return {name: source.retries for name, source in contract.sources.items()}


@pytest.mark.parametrize(
    ("source", "status", "tried", "becomes"),
    [
        ("gridx", 204, 1, "taken"),
        ("gridx", 206, 1, "dropped"),
        ("gridx", 503, 5, "again"),
        ("gridx", 503, 6, "dropped"),
        ("gridx", None, 1, "again"),
        ("gridx", 410, 1, "dropped"),
        ("gridx", 501, 1, "dropped"),
        ("rainmaker", 429, 3, "again"),
        ("rainmaker", 503, 1, "again"),
        ("rainmaker", None, 1, "again"),
        ("rainmaker", 599, 4, "dropped"),
        ("rainmaker", 404, 1, "dropped"),
        ("rainmaker", 202, 1, "taken"),
        ("flespi", 202, 1_000, "again"),
        ("flespi", 400, 1_000, "again"),
        ("flespi", 200, 1_000, "taken"),
        ("solarnetwork", 503, 1, "dropped"),
    ],
)
def test_each_platform_sends_again_as_its_documents_say(
    rules: dict[str, Resending], source: str, status: int | None, tried: int, becomes: str
) -> None:
    assert rules[source].verdict(status, tried) == becomes


def test_only_a_stream_sends_one_after_the_other(rules: dict[str, Resending]) -> None:
    assert {name for name, rule in rules.items() if rule.in_turn} == {"flespi"}
    assert rules["solarnetwork"] == ONCE


def parsed(retries: Any) -> Resending:
    document = yaml.safe_load((ROOT / "webhooks.yaml").read_text())
    document["x-receiver"]["sources"]["solarnetwork"]["retries"] = retries
    return openapi.parse(document).sources["solarnetwork"].retries


def test_a_rule_is_read_as_it_is_written() -> None:
    rule = parsed({"again": ["5xx", 429, "408"], "tries": "for-ever", "pause": 7})

    assert rule == Resending(
        again=Statuses(frozenset({429, 408}), frozenset({5})), tries=None, pause=7.0
    )


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"agan": []}, "did you mean 'again'"),
        ({"again": [600]}, "is no status"),
        ({"again": ["5x"]}, "is no status"),
        ({"tries": "often"}, "whole number"),
        ({"tries": 0}, "whole number"),
        ({"in-turn": 1}, "true or false"),
        ([503], "mapping"),
    ],
)
def test_a_rule_that_is_none_is_refused(wrong: Any, word: str) -> None:
    with pytest.raises(SpecError, match=word):
        parsed(wrong)


def told(found: Found | None, **fates: Fate) -> dict[str, Any]:
    account = Account(fates=dict(enumerate(fates.values())))
    return verdict(account, found)


def test_an_event_that_was_answered_and_is_not_kept_is_lost() -> None:
    found = Found(frozenset({"a"}), 0, {"r": {"passed": 1}})

    account = told(found, one=Fate(("a",)), other=Fate(("b",)))

    assert (account["lost"], account["lost_ids"], account["passed"]) == (1, ["b"], False)


def test_an_event_that_its_platform_gave_up_is_lost() -> None:
    account = told(None, one=Fate((), "status 400, after 1 tries"))

    assert (account["lost"], account["passed"]) == (1, False)


def test_a_duplicate_that_was_given_up_is_none() -> None:
    found = Found(frozenset({"a"}), 0, {})

    assert told(found, one=Fate(("a",), "no answer, after 6 tries"))["passed"]


def test_a_forgery_that_is_taken_fails_the_account() -> None:
    account = Account(forgeries=3, forged=1)

    assert not verdict(account, None)["passed"]
