"""Patterns against a reference that is plain and slow."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.patterns import Patterns, literal

NAMES = st.text("ab/.*?[]!", max_size=8)
SIMPLE = st.text("ab/.*?", max_size=6)


def matches(pattern: str, name: str) -> bool:
    """`*` and `?` only, by the definition."""
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(matches(pattern[1:], name[n:]) for n in range(len(name) + 1))
    return bool(name) and pattern[0] in ("?", name[0]) and matches(pattern[1:], name[1:])


@given(st.lists(SIMPLE, max_size=3), st.lists(SIMPLE, max_size=3), NAMES)
def test_patterns_match_as_the_reference_does(
    wanted: list[str], excluded: list[str], name: str
) -> None:
    found = Patterns([*(f"!{pattern}" for pattern in excluded), *wanted]).match(name)
    by_hand = any(matches(pattern, name) for pattern in wanted or ["*"])
    assert found == (by_hand and not any(matches(pattern, name) for pattern in excluded))


@given(st.permutations(["a*", "!ab", "b", "!*c"]), NAMES)
def test_the_order_of_patterns_does_not_matter(patterns: list[str], name: str) -> None:
    assert Patterns(patterns).match(name) == Patterns(sorted(patterns)).match(name)


@given(st.lists(st.text(max_size=8), max_size=4), st.text(max_size=8))
def test_any_text_is_a_pattern(patterns: list[str], name: str) -> None:
    assert Patterns(patterns).match(name) in (True, False)


@given(NAMES)
def test_a_literal_matches_its_own_name(name: str) -> None:
    assert Patterns([literal(name)]).match(name)


@given(NAMES.filter(lambda name: not name.startswith("!")), NAMES)
def test_a_literal_matches_nothing_else(name: str, other: str) -> None:
    assert Patterns([literal(name)]).match(other) == (name == other)


@given(NAMES)
def test_an_exclusion_of_everything_matches_nothing(name: str) -> None:
    assert not Patterns(["!*"]).match(name)


@given(NAMES)
def test_no_patterns_match_everything(name: str) -> None:
    assert Patterns([]).match(name)
    assert Patterns(["*", "x"]).everything


@pytest.mark.parametrize(
    ("pattern", "found"), [("*", True), ("?*", False), ("n*", False), ("!n*", True)]
)
def test_no_name_is_the_empty_name(pattern: str, found: bool) -> None:
    assert Patterns([pattern]).match(None) is found


def test_upper_and_lower_case_differ() -> None:
    assert not Patterns(["Thing/*"]).match("thing/on")


def test_no_pattern_costs_much() -> None:
    began = time.process_time()
    Patterns(["*a" * 40 + "b"]).match("a" * 2000)
    assert time.process_time() - began < 1
