"""Dedup keys: every process makes the same of an event, alone and together with others."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.columns import Places
from receiver.contract import DedupRule, Source
from receiver.dedup import KEY_BYTES, DedupKeys
from receiver.locator import (
    Constant,
    Envelope,
    Except,
    FirstOf,
    Header,
    Joined,
    Locator,
    Moment,
    Place,
    Pointer,
)

ID = Pointer(("id",))
AT = Pointer(("at",))

KEYS = """
from receiver import catalogue
from receiver.dedup import DedupKeys
from receiver.locator import Place

contract = catalogue.contract("receiver.generated")
for event in contract.events:
    keys = DedupKeys(contract.sources[event.source])
    for envelope in (None, {"MessageId": "m-1"}):
        place = Place(event.sample, [], None, envelope)
        print(event.name, envelope, keys.of(place, b"as it was sent"))
"""


def test_every_process_makes_the_same_key_of_the_same_event() -> None:
    told = set()
    for seed in ("0", "1", "2", "3", "4"):
        environ = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", KEYS]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
        told.add(done.stdout)
    assert len(told) == 1
    assert "m-1" in told.pop()


LOCATORS: st.SearchStrategy[Locator] = st.sampled_from(
    [
        ID,
        AT,
        Constant("c"),
        Header("x-id"),
        Envelope("MessageId"),
        FirstOf((ID, AT)),
        FirstOf((AT, Header("x-id"))),
        Joined((ID, AT), "-"),
        Except(ID, ("1",)),
        Moment(FirstOf((AT, ID)), ("epoch",)),
    ]
)
SCALARS: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", "a", 'a"b', "a\\b", "x" * 49, 0, 1, 2.5, True, [], {}]
)
BODIES = (
    st.none()
    | st.lists(SCALARS, max_size=1)
    | st.fixed_dictionaries({"id": SCALARS, "at": SCALARS})
)
REQUESTS = st.sampled_from([(), [(b"x-id", b"1")], [(b"x-id", b"2")]])
RULES = st.builds(
    DedupRule,
    parts=st.lists(LOCATORS, max_size=3).map(tuple),
    body=st.booleans(),
    window=st.none() | st.just(600),
)


@given(
    st.lists(RULES, max_size=2),
    st.lists(st.tuples(BODIES, REQUESTS, st.sampled_from([b"", b"1", b"2"])), max_size=4),
)
def test_together_events_have_the_keys_that_each_has_alone(
    rules: list[DedupRule], events: list[tuple[Any, Any, bytes]]
) -> None:
    keys = keys_by(*rules)
    places = [Place(body, headers, None, {"MessageId": "m"}) for body, headers, _ in events]
    raws = [raw for _, _, raw in events]

    together = keys.of_all(Places([body for body, _, _ in events], places.__getitem__), raws)

    assert list(zip(*together, strict=True)) == list(map(keys.of, places, raws))


@pytest.mark.parametrize("parts", [(), (ID,), (ID, AT), (FirstOf((ID, AT)), Except(AT, ("0",)))])
def test_a_key_with_the_payload_tells_payloads_apart(parts: tuple[Locator, ...]) -> None:
    keys = keys_by(DedupRule(parts, True, None))
    place = Place({"id": 1, "at": 2})
    one, same, other = (keys.of(place, raw)[0] for raw in (b"1", b"1", b"2"))
    assert one == same != other
    assert one is not None
    assert len(one) == KEY_BYTES


def test_a_payload_that_says_less_than_the_rule_has_no_key() -> None:
    keys = keys_by(DedupRule((ID, AT), True, None))
    assert keys.of(Place({"id": 1}), b"1")[0] is None


@pytest.mark.parametrize(
    "part", [Header("x-id"), Envelope("MessageId"), FirstOf((ID, Header("x-id")))]
)
def test_what_is_outside_the_payload_tells_equal_payloads_apart(part: Locator) -> None:
    keys = keys_by(DedupRule((part,), True, None))
    one, same, other = (
        keys.of(Place({}, [(b"x-id", mark)], None, {"MessageId": mark.decode()}), b"{}")[0]
        for mark in (b"1", b"1", b"2")
    )
    assert one == same != other


def test_equal_payloads_under_other_rules_or_of_other_sources_have_other_keys() -> None:
    rules = [DedupRule(parts, True, None) for parts in ((), (ID,), (AT,))]
    place = Place({"id": 1, "at": 1})
    made = {keys_by(rule, name=name).of(place, b"1")[0] for rule in rules for name in ("a", "b")}
    assert len(made) == 6


def keys_by(*rules: DedupRule, name: str = "acme") -> DedupKeys:
    """Those of a source with these rules."""
    return DedupKeys(Source(name, "Acme", "", rules))
