"""Payloads as the platforms send them pass their schemas, and say when, where and about whom."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import pytest
from openapi_schema_validator import OAS30Validator

from receiver.contract import Contract, EventType, Operation
from receiver.locator import Place, parse_time
from receiver.schema import json_schema, open_enums

Document = dict[str, Any]

SYSTEM = "5b1c2d3e-0000-4000-8000-000000000001"
OLDER_PLUGGED = {
    "id": "6a4f4a36-52c9-4d1e-8a39-0b2c7b9a1f20",
    "source": f"/systems/{SYSTEM}",
    "specVersion": "1.0",
    "time": "2026-01-15T08:30:00Z",
    "type": "ev/plugged",
    "data": {
        "applianceID": "5b1c2d3e-0000-4000-8000-000000000002",
        "gatewayID": "5b1c2d3e-0000-4000-8000-000000000003",
        "systemID": SYSTEM,
        "type": "EVSTATION",
        "model": "W22",
        "manufacturer": "Acme",
        "systemName": "Home",
        "evseID": "DE*ACM*E1",
        "state": "plugged",
    },
}
PUSHED_PARAMS = {
    "event_version": "v1",
    "id": "1",
    "event_type": "rmaker.event.node_params_changed",
    "timestamp": 1648563678737,
    "description": "params changed",
    "event_data": {"node_id": "n-7", "payload": {"Hall light": {"Power": True}}},
}
PLACELESS = {
    *("rmaker.event.user_node_group_sharing_add", "rmaker.event.user_node_group_added"),
    *("rmaker.event.user_node_group_removed", "rmaker.event.admin_user_added"),
}
"""Events that are about no device."""


def event_of(contract: Contract, name: str) -> EventType:
    (event,) = contract.find(name)
    return event


def operation_of(contract: Contract, event: EventType) -> Operation:
    return next(
        operation
        for operation in contract.operations
        if operation.source == event.source and event.name in operation.events
    )


def problems(contract: Contract, name: str, body: Any) -> list[str]:
    """What Receiver's own validator says."""
    schema = json_schema(contract.document, event_of(contract, name).schema)
    return [error.message for error in jsonschema_rs.validator_for(schema).iter_errors(body)]


def new_values(contract: Contract, name: str) -> dict[tuple[str | None, ...], frozenset[Any]]:
    return dict(open_enums(contract.document, event_of(contract, name).schema))


def test_every_example_fits_its_schema_for_openapi_tools_and_for_us(
    contract: Contract, document: Document
) -> None:
    for event in contract.events:
        ref = f"#/components/schemas/{event.schema}"
        schema = {"allOf": [{"$ref": ref}], "components": document["components"]}
        found = [error.message for error in OAS30Validator(schema).iter_errors(event.sample)]
        assert found == [], event
        assert problems(contract, event.name, event.sample) == [], event


def test_every_event_of_today_is_exactly_one_of_the_choices_of_the_one_url(
    contract: Contract, document: Document
) -> None:
    body = document["paths"]["/gridx/events"]["post"]["requestBody"]["content"]
    schema = {**body["application/json"]["schema"], "components": document["components"]}
    for event in contract.events:
        (operation,) = (one for one in contract.operations if one.path == "/gridx/events")
        fits = OAS30Validator(schema).is_valid(event.sample)
        assert fits == (event.source == "gridx" and event.name in operation.events), event


def test_no_example_uses_a_value_that_the_document_does_not_know(contract: Contract) -> None:
    for event in contract.events:
        for place, known in open_enums(contract.document, event.schema):
            value: Any = event.sample
            for key in place:
                value = value.get(key) if isinstance(value, dict) and key else None
            assert value is None or value in known, (event, place)


def test_every_example_is_found_to_be_of_its_type(contract: Contract) -> None:
    for event in contract.events:
        finder = operation_of(contract, event).type
        assert finder.find(Place(event.sample)) == event.name


def test_every_example_says_when_it_happened(contract: Contract) -> None:
    for event in contract.events:
        finder = operation_of(contract, event).time
        assert finder is not None
        moment = finder.find(Place(event.sample))
        assert moment is not None, event
        assert moment.year == 2026, event


def test_every_example_names_its_device_unless_it_is_about_none(contract: Contract) -> None:
    for event in contract.events:
        finder = operation_of(contract, event).node
        assert finder is not None
        assert (finder.find(Place(event.sample)) is None) == (event.name in PLACELESS), event


def test_the_constant_id_of_the_samples_is_no_key_but_a_real_one_is(contract: Contract) -> None:
    event = event_of(contract, "rmaker.event.node_connected")
    finder = operation_of(contract, event).key
    assert finder is not None
    for placeholder in ("RainmakeEventId", "RainMakerEventId", "RainmakerEventId", "1", 1):
        assert finder.find(Place({"Id": placeholder})) is None
    assert finder.find(Place({"Id": "b7d0"})) == "b7d0"
    assert finder.find(Place({"id": "b7d0"})) == "b7d0"


def test_duplicates_are_told_as_each_platform_allows(contract: Contract) -> None:
    rules = {
        name: [(len(rule.parts), rule.body, rule.window) for rule in source.dedup]
        for name, source in contract.sources.items()
    }
    assert rules == {
        "rainmaker": [(1, False, None), (0, True, 600)],
        "gridx": [(1, False, None)],
        "solarnetwork": [],
        "flespi": [(4, True, None)],
    }


def test_months_come_first_and_zones_are_utc(contract: Contract) -> None:
    event = event_of(contract, "rmaker.event.node_connected")
    finder = operation_of(contract, event).time
    assert finder is not None
    want = datetime(2021, 1, 29, 4, 32, 27, tzinfo=UTC)
    assert finder.find(Place({"Timestamp": "01-29-2021 04:32:27"})) == want
    assert finder.find(Place({"Timestamp": "2021-01-29T04:32:27Z"})) == want
    assert finder.find(Place({"timestamp": 1611894747000})) == want
    assert finder.find(Place({"timestamp": 1611894747})) == parse_time(1611894747, "epoch-s")


@pytest.mark.parametrize("body", [OLDER_PLUGGED, {**OLDER_PLUGGED, "data": {}}])
def test_a_car_plugged_in_may_be_told_in_the_older_form(body: Document, contract: Contract) -> None:
    assert problems(contract, "ev/plugged", body) == []
    assert {"plugged", "PLUGGED"} <= new_values(contract, "ev/plugged")["data", "state"]


def test_the_spelling_of_the_mobile_push_is_taken_too(contract: Contract) -> None:
    event = event_of(contract, "rmaker.event.node_params_changed")
    operation = operation_of(contract, event)
    place = Place(PUSHED_PARAMS)
    assert problems(contract, event.name, PUSHED_PARAMS) == []
    assert operation.type.find(place) == event.name
    assert operation.node is not None
    assert operation.node.find(place) == "n-7"


@pytest.mark.parametrize("spelling", ["position.speed", "position_speed", "PositionSpeed"])
def test_a_renamed_flespi_parameter_keeps_its_meaning(spelling: str, contract: Contract) -> None:
    assert problems(contract, "flespi/message", {"ident": "a", spelling: 60}) == []
    assert problems(contract, "flespi/message", {"ident": "a", spelling: "fast"}) != []


def test_what_a_platform_adds_is_no_problem(contract: Contract) -> None:
    for event in contract.events:
        body = copy.deepcopy(event.sample) | {"addedTomorrow": [{"by": "them"}]}
        for inner in ("data", "EventData"):
            if inner in body:
                body[inner]["addedTomorrow"] = True
        assert problems(contract, event.name, body) == [], event


def test_a_new_value_is_no_problem(contract: Contract) -> None:
    sample = copy.deepcopy(event_of(contract, "inverter/status").sample)
    sample["data"]["status"] = "ON_FIRE"
    assert problems(contract, "inverter/status", sample) == []


@pytest.mark.parametrize(
    ("name", "required"),
    [
        ("rmaker.event.node_connected", {"EventType", "EventData"}),
        ("rmaker.event.node_ts_data", {"EventType", "EventData"}),
        ("appliance/online", {"id", "time", "type"}),
        ("ev/plugged", {"id", "time", "type"}),
        ("ev/measurement", {"id", "time", "type", "data"}),
        ("datum/agg/update", {"topic", "hookId", "nodeId", "timestamp", "aggregationKey"}),
        ("flespi/message", {"ident"}),
    ],
)
def test_only_what_is_sure_is_required(name: str, required: set[str], contract: Contract) -> None:
    sample = event_of(contract, name).sample
    needed = {
        key
        for key in sample
        if problems(contract, name, {other: sample[other] for other in sample if other != key})
    }
    assert needed == required


@pytest.mark.parametrize(
    ("name", "required"),
    [
        ("rmaker.event.node_connected", {"NodeId", "Connected"}),
        ("rmaker.event.node_disconnected", {"NodeId", "Connected"}),
        ("rmaker.event.user_node_added", set()),
        ("appliance/online", {"applianceID", "gatewayID"}),
        ("inverter/status", {"applianceID", "gatewayID", "status", "lastStatus"}),
        ("gateway/offline", {"gatewayID", "systemID"}),
        ("commissioning/done", set()),
        ("ev/plugged", set()),
        ("grid-signal-processor/limitation-of-power-consumption/set", set()),
        ("ping", set()),
    ],
)
def test_only_what_is_sure_is_required_of_the_data(
    name: str, required: set[str], contract: Contract
) -> None:
    sample = event_of(contract, name).sample
    inner = "data" if "data" in sample else "EventData"
    needed = set()
    for key in sample[inner]:
        less = {other: sample[inner][other] for other in sample[inner] if other != key}
        if problems(contract, name, {**sample, inner: less}):
            needed.add(key)
    assert needed == required


def test_what_solarnetwork_may_leave_open_may_be_null(contract: Contract) -> None:
    sample = event_of(contract, "datum/agg/update").sample
    assert problems(contract, "datum/agg/update", {**sample, "userId": None}) == []
    assert problems(contract, "datum/agg/update", {**sample, "sourceId": None}) == []


def test_an_aggregate_of_another_length_is_no_problem(contract: Contract) -> None:
    sample = event_of(contract, "datum/agg/update").sample
    assert problems(contract, "datum/agg/update", {**sample, "aggregationKey": "15m"}) == []
