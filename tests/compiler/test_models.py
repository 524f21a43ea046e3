"""Payload bytes as generated models, and what the catalogue says of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receiver import catalogue
from receiver.catalogue import Catalogue
from receiver.errors import ConfigError, PayloadError
from receiver.excerpt import walk

Build = Callable[..., Catalogue]


def opened(**fields: Any) -> bytes:
    body = {"id": "1", "at": "now", "action": "opened", "door": {"serial": "7"}}
    return json.dumps(body | fields).encode()


@pytest.fixture
def decode(build: Build, acme: Any) -> Callable[[bytes], Any]:
    return build(acme).decoder("acme", "door.opened")


def test_every_sample_fits_its_model_and_its_schema(build: Build, acme: Any) -> None:
    made = build(acme)

    for event in made.contract.events:
        assert made.problems(event, event.sample) == []
        assert made.unknown_values(event, event.sample) == []
        model = made.decoder(event.source, event.name)(json.dumps(event.sample).encode())
        assert model.extra == {}


def test_nested_objects_are_models(decode: Callable[[bytes], Any]) -> None:
    data = decode(opened(door={"serial": "7", "floor": None}, history=[{"angle": 3}]))

    assert (data.door.serial, data.door.floor) == ("7", None)
    assert data.history[0].angle == 3.0
    assert data.tags is None


def test_what_the_spec_does_not_declare_is_kept(decode: Callable[[bytes], Any]) -> None:
    data = decode(
        opened(new=[1], door={"serial": "7", "colour": "red"}, history=[{"angle": 1, "b": 2}])
    )

    assert data.extra == {"new": [1]}
    assert data.door.extra == {"colour": "red"}
    assert data.history[0].extra == {"b": 2}


def test_a_property_called_extra_is_a_field_like_others(decode: Callable[[bytes], Any]) -> None:
    data = decode(opened(extra="text", extra_="unknown"))

    assert data.extra_ == "text"
    assert data.extra == {"extra_": "unknown"}


@pytest.mark.parametrize("name", ["who", "opened_by", "opened-by"])
def test_each_spelling_of_a_property_is_the_same_field(
    decode: Callable[[bytes], Any], name: str
) -> None:
    data = decode(opened(**{name: "ada"}))

    assert (data.who, data.extra) == ("ada", {})


@pytest.mark.parametrize("order", [("who", "opened_by"), ("opened_by", "who")])
def test_of_two_spellings_the_declared_one_counts_and_the_other_is_kept(
    decode: Callable[[bytes], Any], order: tuple[str, str]
) -> None:
    data = decode(opened(**{name: name for name in order}))

    assert (data.who, data.extra) == ("who", {"opened_by": "opened_by"})


def test_names_that_python_has_not_are_renamed(decode: Callable[[bytes], Any]) -> None:
    data = decode(opened(**{"class": "RC2", "class_": "unknown"}))

    assert (data.class_, data.extra) == ("RC2", {"class_": "unknown"})


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ('{"a": [1]}', {"a": [1]}),
        ("no JSON", "no JSON"),
        ({"a": 1}, {"a": 1}),
        ("[" * 5000, "[" * 5000),
        (None, None),
    ],
)
def test_json_in_a_string_is_read(decode: Callable[[bytes], Any], sent: Any, read: Any) -> None:
    assert decode(opened(settings=sent)).settings == read


def test_a_whole_number_may_be_written_with_a_fraction(
    decode: Callable[[bytes], Any],
) -> None:
    data = decode(opened(door={"serial": "7", "floor": 2.0, "angle": 3}))

    assert (data.door.floor, data.door.angle) == (2, 3.0)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"{}", "id"),
        (b"[]", "DoorOpened"),
        (b"\xff", "DoorOpened"),
        (opened(door={"serial": 7}), "door.serial"),
        (opened(history=[{"angle": 1}, {"angle": "x"}]), r"history\[1\].angle"),
    ],
)
def test_what_does_not_fit_is_told_with_its_path(
    decode: Callable[[bytes], Any], raw: bytes, reason: str
) -> None:
    with pytest.raises(PayloadError, match=reason):
        decode(raw)


def test_a_type_that_is_not_in_the_contract_is_all_extra(build: Build, acme: Any) -> None:
    decode = build(acme).decoder("acme", "door.painted")

    assert decode(b'{"a": 1}').extra == {"a": 1}
    with pytest.raises(PayloadError):
        decode(b"[1]")


def test_two_forms_of_one_event_are_one_model_with_every_field_optional(
    build: Build, acme: Any
) -> None:
    event = acme["components"]["schemas"]["DoorClosed"]
    old = {"required": ["at"], "properties": {"at": {"type": "integer"}}}
    new = {"required": ["on"], "properties": {"at": {"type": "string"}, "on": {"type": "boolean"}}}
    acme["components"]["schemas"]["DoorClosed"] = {
        "title": event["title"],
        "x-receiver": event["x-receiver"],
        "example": {"at": 1},
        "type": "object",
        "oneOf": [old, new],
    }

    made = build(acme)
    decode = made.decoder("acme", "door.closed")
    closed = made.contract.hooks["acme_door_shut"]

    assert decode(b'{"at": 1}').at == 1
    assert (decode(b'{"at": "x", "on": true}').at, decode(b'{"at": "x"}').on) == ("x", None)
    assert made.problems(closed, {"at": 1}) == []
    assert made.problems(closed, {"at": "x"}) != []


def test_a_model_may_contain_itself(build: Build, acme: Any) -> None:
    door = acme["components"]["schemas"]["Door"]
    door["properties"]["inner"] = {"$ref": "#/components/schemas/Door"}
    decode = build(acme).decoder("acme", "door.opened")

    data = decode(opened(door={"serial": "1", "inner": {"serial": "2", "x": 3}}))

    assert (data.door.inner.serial, data.door.inner.extra) == ("2", {"x": 3})


def test_a_field_never_hides_the_type_of_another(build: Build, acme: Any) -> None:
    event = acme["components"]["schemas"]["DoorOpened"]
    for name in ("list", "str", "Door", "Any", "__class__", "2nd", "größe"):
        event["properties"][name] = {"type": "string"}

    data = build(acme).decoder("acme", "door.opened")(
        opened(**{"list": "a", "Door": "b", "__class__": "c", "2nd": "d", "größe": "e"})
    )

    assert (data.list_, data.Door_, data._class__, data._2nd, data.gr__e) == tuple("abcde")


def test_problems_say_where_and_never_what_was_sent(build: Build, acme: Any) -> None:
    made = build(acme)
    event = made.contract.hooks["acme_opened"]
    body = json.loads(opened(door={"serial": 7, "angle": 180}, at="secret")) | {"id": 1}

    assert sorted(made.problems(event, body)) == [
        "/door/angle: the value is greater than or equal to the maximum of 180",
        '/door/serial: the value is not of type "string"',
        '/id: the value is not of type "string"',
    ]
    assert len(made.problems(event, body | {"history": [{}] * 100})) == 20


def test_a_required_property_may_be_there_under_any_spelling(build: Build, acme: Any) -> None:
    acme["components"]["schemas"]["DoorOpened"]["required"].append("who")
    made = build(acme)
    event = made.contract.hooks["acme_opened"]

    assert made.problems(event, json.loads(opened(opened_by="ada"))) == []
    assert made.problems(event, json.loads(opened())) == [
        '/: "who" or "opened_by" or "opened-by" is a required property'
    ]
    assert made.problems(event, json.loads(opened(opened_by=3))) != []
    assert made.decoder("acme", "door.opened")(opened(opened_by="ada")).who == "ada"


def test_values_that_are_new_to_the_spec_are_reported_and_taken(build: Build, acme: Any) -> None:
    made = build(acme)
    event = made.contract.hooks["acme_opened"]
    body = json.loads(opened(how="teleport\x1b[2J" + "!" * 500))

    assert sorted(made.problems(event, body)) == []
    [report] = made.unknown_values(event, body)
    assert report.startswith("/how: 'teleport\\x1b[2J!")
    assert len(report) < 100


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_what_satisfies_the_schema_fits_the_model(compiled: Catalogue, data: Any) -> None:
    event = data.draw(st.sampled_from(compiled.contract.events))
    body = json.loads(json.dumps(event.sample))
    places = [parts for _, parts, _ in walk(body) if parts]
    *parents, last = data.draw(st.sampled_from(places))
    here = body
    for part in parents:
        here = here[int(part) if isinstance(here, list) else part]
    value = data.draw(
        st.sampled_from([None, True, 0, 1.0, 2.5, 10**30, "", "x", [], {}, [{}], {"a": None}])
    )
    here[int(last) if isinstance(here, list) else last] = value

    if not compiled.problems(event, body):
        compiled.decoder(event.source, event.name)(json.dumps(body).encode())
        compiled.unknown_values(event, body)


@pytest.fixture
def compiled(build: Build, acme: Any) -> Catalogue:
    return build(acme, "compiled_once")


def test_our_own_contract_loads() -> None:
    made = catalogue.load()

    assert made.operations == "receiver.generated.operations"
    assert set(made.samples) == set(made.contract.hooks)
    for event in made.contract.events:
        assert made.problems(event, event.sample) == []
        assert hasattr(made.hookspecs, event.hook)
        made.decoder(event.source, event.name)(json.dumps(event.sample).encode())


@pytest.mark.parametrize(
    ("dotted", "reason"),
    [
        ("no_such_package", "there is no no_such_package"),
        ("json", "there is no json.hookspecs"),
        ("..", "'..'"),
    ],
)
def test_a_contract_that_is_none_is_told(dotted: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        catalogue.load(dotted)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("openapi.json", "{}"),
        ("openapi.json", "{"),
        ("models.py", "MODELS = {}"),
        ("models.py", "MODELS: ="),
        ("hookspecs.py", "x = 1"),
    ],
)
def test_a_package_of_another_shape_is_told(
    build: Build, acme: Any, tmp_path: Path, name: str, text: str
) -> None:
    folder = f"broken_{name.partition('.')[0]}_{len(text)}"
    from receiver.codegen import output, package

    output.write(tmp_path / folder, package.generate(acme, spec="x"))
    (tmp_path / folder / name).write_text(text)

    with pytest.raises(ConfigError, match="generate it again"):
        catalogue.load(folder)
