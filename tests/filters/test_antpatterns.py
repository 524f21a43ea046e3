"""Ant-style source patterns: the published table, and a second implementation beside ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.antpatterns import fault, matches


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("/power/*", ["/power/1"], ["/power", "/power/1/2"]),
        ("/power/**", ["/power/1", "/power/1/2"], ["/power"]),
        ("/**/meter", ["/meter", "/a/b/meter"], ["meter"]),
        ("/power/?", ["/power/1"], ["/power/12"]),
        ("Main*", ["Main", "Main1"], ["Main/1", "main"]),
    ],
)
def test_patterns_match_as_the_platform_documents(
    pattern: str, yes: list[str], no: list[str]
) -> None:
    assert [path for path in yes if not matches([pattern], path)] == []
    assert [path for path in no if matches([pattern], path)] == []


def naive(pattern: str, path: str) -> bool:
    """The same meaning without regular expressions: one token after the other, tried in full."""
    if not pattern:
        return not path
    if pattern.startswith("/**/"):
        rest = pattern[4:]
        return path.startswith("/") and any(
            naive(rest, path[at + 1 :]) for at in range(len(path)) if path[at] == "/"
        )
    if pattern.startswith("**"):
        return any(naive(pattern[2:], path[at:]) for at in range(len(path) + 1))
    if pattern.startswith("*"):
        run = len(path.partition("/")[0])
        return any(naive(pattern[1:], path[at:]) for at in range(run + 1))
    if pattern.startswith("?"):
        return path[:1] not in ("", "/") and naive(pattern[1:], path[1:])
    return path[:1] == pattern[0] and naive(pattern[1:], path[1:])


@given(
    st.text("ab/*?.", min_size=1, max_size=10).filter(lambda text: fault(text) is None),
    st.text("ab/.\n", max_size=8),
)
def test_patterns_match_as_a_second_implementation_does(pattern: str, path: str) -> None:
    assert matches([pattern], path) is naive(pattern, path)


def test_no_pattern_is_no_condition() -> None:
    assert matches([], "/power/1")
    assert matches([], None)
    assert not matches(["**"], None)


@pytest.mark.parametrize("pattern", ["", "/a/***", "a" * 257, "**a**b**c**d**"])
def test_a_pattern_without_meaning_is_refused(pattern: str) -> None:
    assert fault(pattern) is not None
