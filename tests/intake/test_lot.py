"""Events that are judged together are judged as each would be alone, whatever they hold."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from receiver import catalogue, strictjson
from receiver.catalogue import Catalogue
from receiver.columns import column
from receiver.contract import Operation
from receiver.errors import JsonError
from receiver.finding import ready
from receiver.inbox import Entry
from receiver.judgement import Arrival, Rules, judge
from receiver.locator import Constant
from receiver.lot import judge_all, read_all

NOW = datetime(2026, 1, 15, 8, 30, tzinfo=UTC)
SHIPPED = catalogue.load("receiver.generated")
OPERATIONS = {operation.id: operation for operation in SHIPPED.contract.operations}

ODD = st.sampled_from(
    [
        None,
        "",
        " ",
        "a",
        'say "it", she said',
        "back\\slash",
        "ж\u2028",
        "x" * 48,
        "x" * 49,
        "x" * 1025,
        True,
        0,
        1.0,
        1e300,
        1_700_000_000,
        1_700_000_000.25,
        1_700_000_000_123,
        -62_135_596_801,
        "1700000000",
        "2026-01-15T08:30:00+02:00",
        "9999-12-31T23:59:59-23:00",
        [],
        ["a"],
        {},
        {"a": {"b": "c"}},
    ]
)


def arrival(rules: Rules, number: int) -> Arrival:
    """That of a request; each has headers, a key and a trace of its own."""
    headers = [(b"x-user", b"user-%d" % number)]
    trace = f"00-{'1' * 32}-{number:016x}-01"
    return Arrival(rules, headers, None, f"key-{number}", NOW, {"MessageId": f"m-{number}"}, trace)


def without_id(entry: Entry) -> Entry:
    return msgspec.structs.replace(entry, id="")


def alone_and_together(rules: Rules, values: list[Any | JsonError]) -> list[Entry]:
    """What is made of some events together, which is what is made of each alone."""
    arrivals = [arrival(rules, number) for number in range(len(values))]
    raws = [json.dumps(None if isinstance(v, JsonError) else v).encode() for v in values]
    alone = [judge(*one) for one in zip(arrivals, raws, values, strict=True)]
    with patch("receiver.lot.report", side_effect=AssertionError("judging together failed")):
        together = judge_all(arrivals, raws, values)
    assert list(map(without_id, together)) == list(map(without_id, alone))
    assert len({entry.id for entry in together}) == len(values)
    assert [entry.raw for entry in together] == raws
    return together


def samples(operation: Operation) -> list[Any]:
    return [one.sample for one in SHIPPED.contract.events if one.source == operation.source]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_of_every_operation(name: str, data: st.DataObject) -> None:
    operation = OPERATIONS[name]
    rules, events = Rules.of(operation, SHIPPED), samples(operation)
    values = []
    for _ in range(data.draw(st.integers(1, 6))):
        value = json.loads(json.dumps(data.draw(st.sampled_from(events))))
        if data.draw(st.booleans()) and isinstance(value, dict):
            member = data.draw(st.sampled_from(sorted(value)))
            value[member] = data.draw(ODD)
        values.append(
            data.draw(st.sampled_from([value, value, value, {}, "text", JsonError("no")]))
        )
    alone_and_together(rules, values)


@pytest.mark.parametrize("path", ["/acme/events", "/acme/on", "/acme/batch"])
@given(
    values=st.lists(
        st.fixed_dictionaries(
            {"kind": st.sampled_from(["ping", "thing/on"])},
            optional={
                "id": ODD,
                "at": ODD,
                "thing": st.one_of(st.just("lamp"), ODD),
                "level": st.sampled_from([3, 5, 6]),
                "once": ODD,
            },
        ),
        min_size=1,
        max_size=8,
    )
)
@settings(max_examples=150, deadline=None)
def test_of_a_platform_with_every_kind_of_rule(
    acme: Catalogue, path: str, values: list[Any]
) -> None:
    [operation] = [one for one in acme.contract.operations if one.path == path]
    alone_and_together(Rules.of(operation, acme), values)


def test_what_cannot_be_read_is_never_sound_whatever_the_schema_allows(acme: Catalogue) -> None:
    """A schema that allows everything has nothing against a value that there is not."""
    rules = Rules.of(acme.contract.operations[0], acme)
    always, anything = Constant("ping"), lambda event, bodies: True
    lax = replace(
        rules,
        type=ready(always),
        sound=anything,
        columns=replace(rules.columns, type=column(always)),
    )
    arrivals = [arrival(lax, number) for number in range(3)]
    texts = [b"this is not JSON", b'{"a":1,"a":2}', b'{"a":1}']

    broken, doubled, good = read_all(arrivals, texts)

    assert broken.problems[0].startswith("not JSON")
    assert doubled.problems == ("the key 'a' stands twice in one object",)
    assert not good.problems


@given(st.lists(st.sampled_from([0, 1, 600, 300_000, 1_048_576, 2_000_000]), max_size=500))
@settings(deadline=None, max_examples=50)
def test_what_is_in_memory_together_is_bounded(sizes: list[int]) -> None:
    text = bytes(2_000_000)
    texts = [memoryview(text)[:size] for size in sizes]
    found = list(strictjson.slices(texts))  # type: ignore[arg-type]

    assert [index for some in found for index in range(*some.indices(len(texts)))] == list(
        range(len(texts))
    )
    for some in found:
        together = sizes[some]
        assert 1 <= len(together) <= 200
        assert len(together) == 1 or sum(together) <= 1_048_576


def test_one_that_is_wrong_spoils_no_other(acme: Catalogue) -> None:
    rules = Rules.of(acme.contract.operations[0], acme)
    good = {"kind": "ping", "id": "1"}
    sound, unknown, broken, typeless, last = alone_and_together(
        rules, [good, {"kind": "pong"}, JsonError("not JSON"), {}, {**good, "id": "2"}]
    )
    assert [bool(one.problems) for one in (sound, unknown, broken, typeless, last)] == [
        False,
        True,
        True,
        True,
        False,
    ]


@given(
    texts=st.lists(
        st.sampled_from(
            [
                b'{"a":1}',
                b'{ "a" : 1.0 }',
                b'{"a":1,"a":2}',
                b'{"a":1,"\\u0061":2}',
                b'{"a":"\\u003a","b":1}',
                b'{"a":1},{"b":1',
                b'"c":2}',
                b"[[[[1]]]]",
                b'{"a":{"b":{"c":{}}}}',
                b'{"a":1,"b":2,"c":3,"d":4,"e":5}',
                b"NaN",
                b"1e999",
                b"\xff",
                b"",
            ]
        ),
        max_size=5,
    )
)
def test_texts_read_together_are_read_as_each_alone(texts: list[bytes]) -> None:
    def alone(text: bytes) -> Any:
        try:
            return strictjson.decode(text, depth=3, keys=4)
        except JsonError as error:
            return error

    together = strictjson.values_of(texts, depth=3, keys=4)
    assert list(map(repr, together)) == [repr(alone(text)) for text in texts]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_sound_events_are_not_judged_one_by_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    operation = OPERATIONS[name]
    rules = Rules.of(operation, SHIPPED)
    wanted = [one for one in samples(operation) if not judge(arrival(rules, 0), b"", one).problems]
    assert wanted
    monkeypatch.setattr("receiver.lot.judge", None)
    entries = judge_all(
        [arrival(rules, number) for number in range(2)], [b"{}", b"[]"], [wanted[0], wanted[-1]]
    )
    assert [entry.secret for entry in entries] == ["key-0", "key-1"]


def test_a_fault_in_judging_together_is_told_and_costs_no_event(
    acme: Catalogue, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("pay" + "load")  # so that the traceback's lines do not hold it

    monkeypatch.setattr("receiver.lot._sound", fail)
    rules = Rules.of(acme.contract.operations[0], acme)
    arrivals = [arrival(rules, number) for number in range(2)]

    entries = judge_all(arrivals, [b"{}", b"{}"], [{"kind": "ping"}, {"kind": "pong"}])

    assert [bool(entry.problems) for entry in entries] == [False, True]
    [record] = caplog.records
    assert "RuntimeError" in record.getMessage()
    assert "payload" not in record.getMessage()
