"""The locator of keys in a TOML text."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.settings.lines import KeyPath, key_lines

TEXT = '''\
title = "a # b = c"   # not a key = 1
dotted.inner.key = 1
"quoted.key" = { one = 1, two = [ 2,
  3 ] }

[table]
text = """
[not.a.table]
no = 1 \\"""
"""
literal = \'\'\'
[nor.this]\'\'\'
list = [
  # a comment ]
  { name = "x" },
  { name = "y", value = 'z' },
]

[ sources . "with space" ]
secrets = []
[[routes]]
name = "first"
[routes.settings]
depth = 1
[[routes]]
[routes.settings]
depth = 2
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 1),
        (("dotted", "inner", "key"), 2),
        (("quoted.key", "two"), 3),
        (("quoted.key", "two", 1), 4),
        (("table",), 6),
        (("table", "literal"), 11),
        (("table", "list", 1, "value"), 16),
        (("sources", "with space"), 19),
        (("sources", "with space", "secrets"), 20),
        (("routes", 0, "name"), 22),
        (("routes", 0, "settings", "depth"), 24),
        (("routes", 1), 25),
        (("routes", 1, "settings", "depth"), 27),
    ],
)
def test_a_key_is_found_on_its_line(path: KeyPath, line: int) -> None:
    assert key_lines(TEXT)[path] == line


def test_what_stands_in_strings_and_comments_is_no_key() -> None:
    names = {part for path in key_lines(TEXT) for part in path}
    assert not names & {"not", "no", "nor", "b"}


def test_every_key_of_the_text_is_found_and_no_other() -> None:
    assert set(key_lines(TEXT)) == paths(tomllib.loads(TEXT))


@given(st.text(alphabet="ab.=[]{}\"'#,\n \\1", max_size=60))
def test_any_text_that_is_toml_has_all_its_keys_located(text: str) -> None:
    located = key_lines(text)
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert set(located) == paths(tree)


@pytest.mark.parametrize("text", ['"\\q" = 1', "a = " + "[" * 5000, "[[a]", "= 1", '"""'])
def test_a_faulty_text_ends_the_search_quietly(text: str) -> None:
    assert key_lines(text) is not None


@given(st.text(max_size=200))
def test_no_text_at_all_makes_it_fail(text: str) -> None:
    lines = text.count("\n") + 1
    assert all(1 <= line <= lines for line in key_lines(text).values())


def paths(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    inside = {
        dict: lambda: value.items(),
        list: lambda: enumerate(value),
    }.get(type(value), lambda: ())()
    found = {path} if path else set()
    for key, item in inside:
        found |= paths(item, (*path, key))
    return found
