"""What is made ready finds what its locator finds."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from receiver.columns import Places, column
from receiver.finding import ready
from receiver.locator import (
    Constant,
    Envelope,
    Except,
    FirstOf,
    Header,
    Joined,
    Locator,
    Moment,
    PathParameter,
    Place,
    Pointer,
)

NAMES = st.sampled_from(["a", "b", "0", "1", ""])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
TIMES = st.sampled_from(["2026-01-15T08:00:00Z", 1767225601.103, 1767225601103, "0", 1e300])
BODIES = st.recursive(
    SCALARS | TIMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
POINTERS = st.lists(NAMES, max_size=3).map(lambda parts: Pointer(tuple(parts)))
LOCATORS: st.SearchStrategy[Locator] = st.recursive(
    POINTERS
    | NAMES.map(Constant)
    | st.just(Header("x-a"))
    | st.just(PathParameter("id"))
    | st.just(Envelope("MessageId")),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda some: FirstOf(tuple(some)))
        | st.lists(inner, min_size=1, max_size=3).map(lambda some: Joined(tuple(some), "-"))
        | inner.map(lambda one: Except(one, ("", "0", "a")))
        | inner.map(lambda one: Moment(one, ("rfc3339", "epoch")))
    ),
    max_leaves=5,
)
REQUESTS = st.sampled_from([(), ((b"x-a", b"1"),), ((b"x-a", b"1"), (b"x-a", b"2"))])


@given(LOCATORS, BODIES, REQUESTS, st.none() | st.just({"id": "7"}))
def test_the_same_is_found(locator: Locator, body: Any, headers: Any, path: Any) -> None:
    place = Place(body, headers, path, {"MessageId": "m"})
    expected = locator.find(place)

    found = ready(locator)(place)

    assert (type(found), found) == (type(expected), expected)


@given(LOCATORS, st.lists(BODIES, max_size=5), REQUESTS)
def test_the_same_is_found_in_many_places_at_once(
    locator: Locator, bodies: list[Any], headers: Any
) -> None:
    places = [Place(body, headers, None, {"MessageId": "m"}) for body in bodies]
    expected = [locator.find(place) for place in places]

    found = column(locator)(Places(bodies, places.__getitem__))

    assert [(type(one), one) for one in found] == [(type(one), one) for one in expected]


TIES = st.builds(lambda whole, part: whole + part / 128, st.integers(0, 2**38), st.integers(0, 127))
"""Seconds of which half a microsecond may be left over."""
SECONDS = st.floats(-1e11, 1e12) | st.floats(2**30, 2**31) | st.integers(-(2**38), 2**70) | TIES


@given(st.lists(SECONDS, min_size=1, max_size=4))
@example([253402300799, 253402300799.9999])
@example([1700000000.0078125, 1700000000.0234375])
@example([2**30 - 0.5, 5e-07, True])
def test_a_time_is_the_same_to_the_microsecond_alone_and_among_others(values: list[Any]) -> None:
    locator = Moment(Pointer(("at",)), ("epoch-s",))
    bodies = [{"at": value} for value in values]

    found = column(locator)(Places(bodies, [Place(body) for body in bodies].__getitem__))

    assert found == [locator.find(Place(body)) for body in bodies]
