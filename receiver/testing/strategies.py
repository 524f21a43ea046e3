"""Hypothesis strategies: events as they may come, most of them as no sample shows them.

Must not know: sinks. Needs hypothesis (`receiver-framework[testing]`).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from receiver.event import Event
from receiver.testing.sample import catalogue_of

_TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
_NAMES = _TEXT.filter(bool)
_SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | _TEXT
).filter(lambda value: value not in (float("inf"), float("-inf")))
_IDS = st.uuids().map(str)
_TIMES = st.datetimes(
    min_value=datetime(1971, 1, 1),
    max_value=datetime(2200, 1, 1),
    timezones=st.just(UTC),
)


def payloads() -> st.SearchStrategy[Any]:
    """Any JSON value; the top is an object more often than not."""
    values = st.recursive(
        _SCALARS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
        max_leaves=12,
    )
    return st.dictionaries(_TEXT, values, max_size=6) | values


@st.composite
def events(draw: st.DrawFn, contract: str = "receiver.generated") -> Event[Any]:
    """An event with any payload: of a type of the contract, or of one that it does not know."""
    catalogue = catalogue_of(contract)
    known = [(event.source, event.name) for event in catalogue.contract.events]
    unknown = st.tuples(st.sampled_from(sorted(catalogue.contract.sources)), _NAMES)
    source, name = draw(st.sampled_from(known) | unknown)
    return _event(draw, contract, source, name, draw(payloads()))


@st.composite
def valid_events(draw: st.DrawFn, contract: str = "receiver.generated") -> Event[Any]:
    """An event whose payload is a sample of its type, with fields that the spec does not have."""
    catalogue = catalogue_of(contract)
    event = draw(st.sampled_from(catalogue.contract.events))
    body = event.sample
    if isinstance(body, dict):
        added = draw(st.dictionaries(_NAMES, payloads(), max_size=3))
        body = {**{name: value for name, value in added.items() if name not in body}, **body}
    return _event(draw, contract, event.source, event.name, body)


def _event(draw: st.DrawFn, contract: str, source: str, name: str, body: Any) -> Event[Any]:
    happened, received = draw(_TIMES), draw(_TIMES)
    spaces = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " :\t")]))
    text = json.dumps(body, ensure_ascii=draw(st.booleans()), separators=spaces)
    return Event(
        seq=draw(st.integers(1, 2**62)),
        id=draw(_IDS),
        source=source,
        type=name,
        key=draw(st.none() | _NAMES),
        time=happened,
        received_at=received,
        node=draw(st.none() | _NAMES),
        user=draw(st.none() | _NAMES),
        raw=text.encode(),
        attempt=draw(st.integers(1, 10)),
        replay=draw(st.booleans()),
        released=draw(st.booleans()),
        decoder=catalogue_of(contract).decoder(source, name),
    )
