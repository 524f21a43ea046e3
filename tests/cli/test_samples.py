"""Samples hold what the spec's locators look for."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from receiver import openapi, samples
from receiver.contract import Contract
from receiver.errors import ReceiverError
from receiver.locator import (
    Except,
    FirstOf,
    Header,
    Joined,
    Locator,
    Moment,
    PathParameter,
    Pointer,
    text,
)
from receiver.testing import sample_event

NOW = datetime(2026, 1, 31, 8, 0, 0, 250000, tzinfo=UTC)
ACME = Path(__file__).resolve().parents[1] / "compiler" / "specs" / "acme.yaml"


@pytest.fixture(scope="module")
def acme() -> Contract:
    return openapi.parse(yaml.safe_load(ACME.read_text()))


def test_a_type_out_of_a_header_and_the_body_gets_its_header(acme: Contract) -> None:
    for event in acme.events:
        operation = samples.operation_for(acme, event)
        made = samples.sample(event, operation, NOW, "fresh")
        assert text(operation.type.find(made.place())) == event.name


@pytest.mark.parametrize(
    "locator",
    [
        Pointer(("id",)),
        Pointer(("inner", "id")),
        Header("x-id"),
        PathParameter("id"),
        FirstOf((Pointer(("absent",)), Pointer(("id",)))),
        FirstOf((Except(Pointer(("id",)), ("old",)), Header("x-id"))),
    ],
)
def test_a_fresh_id_is_put_where_the_locator_looks(acme: Contract, locator: Locator) -> None:
    event = replace(acme.events[0], sample={"id": "old", "inner": {}})
    operation = replace(samples.operation_for(acme, acme.events[0]), key=locator, time=None)
    made = samples.sample(event, operation, NOW, "fresh")
    assert locator.find(made.place()) == "fresh"


def test_an_id_that_is_a_number_stays_one(acme: Contract) -> None:
    event = replace(acme.events[0], sample={"id": 5})
    operation = replace(
        samples.operation_for(acme, acme.events[0]), key=Pointer(("id",)), time=None
    )
    made = samples.sample(event, operation, NOW, "0198c0de-0000-7000-8000-00000000000f")
    assert isinstance(made.body["id"], int)


@pytest.mark.parametrize(
    ("form", "before", "after"),
    [
        ("rfc3339", "2020-01-01T00:00:00Z", "2026-01-31T08:00:00.250Z"),
        ("epoch-s", 1.5, 1769846400.25),
        ("epoch-s", 1, 1769846400),
        ("epoch-ms", 1600000000000, 1769846400250),
        ("epoch", 1600000000000, 1769846400250),
        ("epoch", 1600000000, 1769846400),
        ("%m-%d-%Y %H:%M:%S", "01-01-2020 00:00:00", "01-31-2026 08:00:00"),
    ],
)
def test_the_time_is_now_in_the_platforms_own_format(
    acme: Contract, form: str, before: Any, after: Any
) -> None:
    moment = Moment(Pointer(("at",)), ("rfc3339", form) if form != "rfc3339" else (form,))
    event = replace(acme.events[0], sample={"at": before})
    operation = replace(samples.operation_for(acme, acme.events[0]), key=None, time=moment)
    assert samples.sample(event, operation, NOW, "x").body["at"] == after


def test_a_join_is_split_over_its_parts(acme: Contract) -> None:
    locator = Joined((PathParameter("kind"), Pointer(("action",))), ".")
    event = replace(acme.events[0], name="door.opened", sample={"action": "opened"})
    operation = replace(samples.operation_for(acme, acme.events[0]), type=locator, key=None)
    made = samples.sample(event, replace(operation, time=None), NOW, "x")
    assert made.path == {"kind": "door"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("a.b", {"a": {"b": 9, "c.d": 2}, "l": [1, 2]}),
        ("a.c.d", {"a": {"b": 1, "c.d": 9}, "l": [1, 2]}),
        ("/a/c.d", {"a": {"b": 1, "c.d": 9}, "l": [1, 2]}),
        ("l.1", {"a": {"b": 1, "c.d": 2}, "l": [1, 9]}),
        ("l.2", {"a": {"b": 1, "c.d": 2}, "l": [1, 2, 9]}),
        ("n.m", {"a": {"b": 1, "c.d": 2}, "l": [1, 2], "n": {"m": 9}}),
    ],
)
def test_a_change_finds_its_place(path: str, body: Any) -> None:
    start: Any = {"a": {"b": 1, "c.d": 2}, "l": [1, 2]}
    samples.change(start, path, 9)
    assert start == body


@pytest.mark.parametrize("path", ["a.b", "l.7", "l.x.y"])
def test_a_change_without_a_place_is_refused(path: str) -> None:
    with pytest.raises(ReceiverError, match="--set"):
        samples.change({"a": 1, "l": [1]}, path, 9)


@pytest.mark.parametrize(
    ("argument", "expected"),
    [("a=5", 5), ("a=on", "on"), ('a="5"', "5"), ("a=", ""), ("a={}", {}), ("a=b=c", "b=c")],
)
def test_a_value_is_json_where_it_is_json(argument: str, expected: Any) -> None:
    assert samples.assignment(argument) == ("a", expected)


def test_an_event_for_a_hook_is_like_one_that_was_sent() -> None:
    event = sample_event("appliance/online", {"data.applianceID": "77"})
    assert (event.source, event.node) == ("gridx", "77")
    assert event.data.data.applianceID == "77"
    assert json.loads(event.raw)["id"] == event.key


def test_an_event_of_no_type_names_the_fault() -> None:
    with pytest.raises(ReceiverError, match="no source"):
        sample_event("nothing/at-all")
