"""Strict JSON: the fast reader says exactly what a slow and obviously right one says."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from receiver import strictjson
from receiver.errors import JsonError

DEPTH, KEYS = 8, 20


def reference(data: bytes, depth: int = DEPTH, keys: int = KEYS) -> Any:
    """The rule book: the standard library's reader, with each rule written out."""
    members = 0

    def members_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal members
        members += len(pairs)
        if len(dict(pairs)) < len(pairs):
            raise ValueError("duplicate key")
        return dict(pairs)

    def constant(word: str) -> float:
        raise ValueError(word)

    def number(digits: str) -> float:
        value = float(digits)
        if math.isinf(value):
            raise ValueError("beyond a double")
        return value

    value = json.loads(
        data.decode("utf-8"),
        object_pairs_hook=members_of,
        parse_constant=constant,
        parse_float=number,
    )
    if levels(value) > depth or members > keys:
        raise ValueError("too much")
    json.dumps(value, ensure_ascii=False).encode("utf-8")  # a lone surrogate cannot be encoded
    return value


def levels(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(levels, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(levels, value), default=0)
    return 0


def decode(data: bytes) -> Any:
    return strictjson.decode(data, depth=DEPTH, keys=KEYS)


def verdict(reader: Any, refusal: type[Exception], data: bytes) -> Any:
    try:
        return ("taken", repr(reader(data)))
    except refusal:
        return "refused"


PIECES = st.sampled_from(
    [
        *rb"""{ } [ ] , : "a" "b" "a:b" ":" "\u003a" "\u003Ax" "\\u003a" "\" "\ud83d\ude00" "\ud83d"
        "\u0061" 0 -0 01 1.5 1e5 1e400 NaN Infinity null true " \ - .""".split(),
        *(
            b" ",
            b"\n",
            b"\x0b",
            b"\xff",
            b"\xef\xbb\xbf",
            b"\x00",
            b'"\xc3\xa9"',
            b'"\xed\xa0\x80"',
        ),
    ]
)
KEY = st.sampled_from(["a", "b", ":", "a:b", "::", "é", '"', "\\u003a", ""])
GAP = st.sampled_from(["", "", " ", "\n\t"])


class Pairs(list[Any]):
    """An object that may hold a key twice."""


NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5) | KEY,
    lambda inner: (
        st.lists(inner, max_size=3) | st.lists(st.tuples(KEY, inner), max_size=3).map(Pairs)
    ),
    max_leaves=12,
)


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """JSON text of any shape and spelling, now and then with a key twice."""

    def written(value: Any) -> str:
        if isinstance(value, Pairs):
            members = (f"{written(key)}{draw(GAP)}:{draw(GAP)}{written(v)}" for key, v in value)
            return "{" + ",".join(members) + "}"
        if isinstance(value, list):
            return "[" + ",".join(map(written, value)) + "]"
        plain = json.dumps(value, ensure_ascii=draw(st.booleans()))
        return plain.replace(":", "\\u003a") if draw(st.integers(0, 4)) == 0 else plain

    return written(draw(VALUES)).encode("utf-8", "surrogatepass")


@given(st.binary(max_size=40) | st.lists(PIECES, max_size=14).map(b"".join) | texts())
@example(b'{"a":1,"a":1}')
@example(b'{"a:":"\\u003a","a:":""}')
@example(b'{"a":"\\u003a\\u003a","a":1}')
@example(b'{"a":{"b":1},"a":"::"}')
@example(b"[" * DEPTH + b"]" * DEPTH)
@example(b"[" * (DEPTH + 1) + b"]" * (DEPTH + 1))
@settings(max_examples=1500, deadline=None)
def test_the_fast_reader_agrees_with_the_slow_one(data: bytes) -> None:
    assert verdict(decode, JsonError, data) == verdict(reference, ValueError, data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xef\xbb\xbf{}",
        b'{"a":NaN}',
        b"[Infinity]",
        b"1e400",
        b"-1e400",
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b'{"a":1,"a":2}',
        b'{"a":1,"\\u0061":2}',
        b'{"x":[{"a":{"k":1},"a":{"k":1}}]}',
        b"1 2",
        b"9" * 4301,
        b"-" + b"9" * 4301,
        b"[" * 5000 + b"]" * 5000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"[" * 100_000,
    ],
    ids=lambda data: repr(data[:24]),
)
def test_what_is_not_strict_json_is_refused(data: bytes) -> None:
    with pytest.raises(JsonError):
        strictjson.decode(data, depth=64, keys=10_000)


def test_the_longest_integer_allowed_is_kept_exactly() -> None:
    assert strictjson.decode(b"9" * 4300, depth=1, keys=1) == 10**4300 - 1


def test_depth_and_keys_are_counted_exactly() -> None:
    assert strictjson.decode(b'{"a":[{"b":":::"}]}', depth=3, keys=2)
    with pytest.raises(JsonError, match="deeper than 2"):
        strictjson.decode(b'{"a":[{"b":1}]}', depth=2, keys=9)
    with pytest.raises(JsonError, match="more than 1 keys"):
        strictjson.decode(b'{"a":[{"b":1}]}', depth=9, keys=1)


def test_a_duplicate_among_very_many_keys_is_found_quickly() -> None:
    members = ",".join(f'"k{n}":1' for n in range(100_000))
    started = time.process_time()
    with pytest.raises(JsonError, match="twice"):
        strictjson.decode(f'{{{members},"k99999":2}}'.encode(), depth=2, keys=10**6)
    assert time.process_time() - started < 5


def elements(data: bytes, limit: int = 100) -> list[tuple[bytes, Any]]:
    return list(strictjson.elements(data, depth=DEPTH, keys=KEYS, limit=limit))


def test_an_array_is_split_into_the_bytes_that_were_sent() -> None:
    found = elements(b'[ {"a" : 1.0} ,\n"x,]" , [] ]')

    assert found == [(b'{"a" : 1.0}', {"a": 1.0}), (b'"x,]"', "x,]"), (b"[]", [])]


@pytest.mark.parametrize(
    "bad",
    [
        b'{"a":NaN}',
        b'{"a":"\xff"}',
        b'{"a":1,"a":2}',
        b'{"a":"\x01"}',
        b'{"a":}',
        b"{]",
        b"1 2",
        b"1e400",
        b"[" * 5000 + b"]" * 5000,
        b'"\\q,"',
        b"",
        b"\\",
    ],
    ids=lambda data: repr(data[:16]),
)
def test_one_bad_element_does_not_spoil_the_others(bad: bytes) -> None:
    first, second, third = elements(b'[{"a":"[,"},' + bad + b',{"b":"\\"]"}]')

    assert first == (b'{"a":"[,"}', {"a": "[,"})
    assert second[0] == bad
    assert isinstance(second[1], JsonError)
    assert third == (b'{"b":"\\"]"}', {"b": '"]'})


MIXED = rb"""{"a":1,"b":":"}
{"a" :1, "b": {"c":[]}}
{"a":1,"a":2}
{"a":1,"a" :2,":":3}
{"a\u003a":1,"b":2,"b":3}
"\u003a:"
{"a":1,"a":2,"b":3,"c":",,"}
{"a":1,"a":{"b":1}}
{"a":1.0e3,"b":[1,{"c":null}]}
{"a":[[[[[[[[1]]]]]]]]}
{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}}
[[[[[[[[]]]]]]]]
"[[[[[[[[[["
1e400
1.50""".splitlines()
MANY = b'{%b"z":1}' % b"".join(b'"%d":1,' % number for number in range(KEYS))
COMMAS = st.sampled_from([b",", b", "])


@given(st.lists(st.sampled_from([*MIXED, MANY]), max_size=6), COMMAS, st.sampled_from([1, 70]))
def test_elements_together_are_what_each_is_alone(some: list[bytes], comma: bytes, n: int) -> None:
    def alone(text: bytes) -> Any:
        try:
            return strictjson.decode(text, depth=DEPTH, keys=KEYS)
        except JsonError as error:
            return str(error)

    found = elements(b"[" + comma.join(some * n) + b"]", limit=6 * n)

    told = [str(value) if isinstance(value, JsonError) else value for _, value in found]
    assert [raw for raw, _ in found] == some * n
    assert told == list(map(alone, some)) * n


@pytest.mark.parametrize("data", [b"[]", b" [ ] \n"])
def test_an_empty_array_has_no_elements(data: bytes) -> None:
    assert elements(data) == []


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"1", b"[1", b"[1]]", b'["a]', b"[1],[2]", b"\xef\xbb\xbf[]", b"[NaN", b"]"],
)
def test_what_cannot_be_split_is_refused_as_a_whole(data: bytes) -> None:
    with pytest.raises(JsonError):
        elements(data)


@pytest.mark.parametrize("tail", [b"]", b",NaN]"], ids=["well-formed", "broken"])
def test_an_array_over_the_limit_is_refused_as_a_whole(tail: bytes) -> None:
    with pytest.raises(JsonError, match="more than 3 elements"):
        elements(b"[1,2,3,4" + tail, limit=3)
    assert len(elements(b"[1,2" + tail, limit=3)) in (2, 3)


def test_an_endless_array_is_refused_before_it_is_sliced() -> None:
    started = time.process_time()
    with pytest.raises(JsonError, match="more than 100 elements"):
        elements(b"[" + b"0," * 1_000_000 + b"0]")
    assert time.process_time() - started < 1


@given(
    st.binary(max_size=40) | st.lists(PIECES, max_size=14).map(lambda p: b"[" + b"".join(p) + b"]")
)
@settings(max_examples=700, deadline=None)
def test_splitting_raises_nothing_but_a_json_error(data: bytes) -> None:
    try:
        found = elements(data)
    except JsonError:
        return
    for raw, value in found:
        assert verdict(decode, JsonError, raw) == (
            "refused" if isinstance(value, JsonError) else ("taken", repr(value))
        )


@given(st.lists(VALUES.filter(lambda v: not isinstance(v, Pairs)), max_size=5))
def test_the_elements_of_a_good_array_are_all_its_elements(values: list[Any]) -> None:
    written = [json.dumps(value).encode() for value in values]

    assert [raw for raw, _ in elements(b"[" + b", ".join(written) + b"]")] == written
