"""What a document promises, and how one that promises nonsense is refused."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receiver import openapi
from receiver.contract import DedupRule, Limits, Scheme
from receiver.errors import SpecError
from receiver.excerpt import pointer, walk
from receiver.locator import (
    Constant,
    Except,
    FirstOf,
    Header,
    Joined,
    Moment,
    Place,
    Pointer,
)

OPERATION = "/paths/~1acme~1hooks/post"


def problems(document: Any) -> dict[str, str]:
    """The problems of a document that is refused, by their pointer."""
    with pytest.raises(SpecError) as caught:
        openapi.parse(document)
    return dict(caught.value.problems)


def change(document: Any, where: str, value: Any) -> Any:
    """The document with one value changed; the last part of the pointer may be new."""
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in where[1:].split("/")]
    here = document
    for part in parents:
        here = here[int(part) if isinstance(here, list) else part]
    here[int(last) if isinstance(here, list) else last] = value
    return document


def test_a_platform_of_yaml_alone_is_read(acme: Any) -> None:
    contract = openapi.parse(acme)
    [operation] = contract.operations
    opened, closed = contract.events

    assert operation.events == ("door.opened", "door.closed")
    assert operation.security == (("acmeSignature",),)
    assert operation.limits == Limits(body=65536)
    assert operation.type == Joined((Header("x-acme-category"), Pointer(("action",))), ".")
    assert operation.time == Moment(Pointer(("at",)), ("rfc3339", "epoch"))
    assert operation.user == Except(Pointer(("who",)), ("nobody",))
    assert contract.schemes["acmeSignature"] == Scheme(
        "acmeSignature", "hmac", "X-Acme-Signature", "sha256", ("base64",)
    )
    assert contract.sources["acme"].dedup == (
        DedupRule((Pointer(("id",)),), body=False, window=3600),
        DedupRule((Pointer(("at",)),), body=True, window=None),
    )
    assert (opened.hook, opened.filters, opened.topic) == (
        "acme_opened",
        ("system", "user"),
        "acme_door_opened",
    )
    assert (closed.hook, closed.schema) == ("acme_door_shut", "DoorClosed")


def test_the_type_is_told_by_a_header_joined_with_a_body_field(acme: Any) -> None:
    [operation] = openapi.parse(acme).operations

    place = Place({"action": "opened"}, [(b"x-acme-category", b"door")])

    assert operation.type.find(place) == "door.opened"
    assert operation.type.find(Place({"action": "opened"})) is None


def test_an_operation_of_one_event_needs_no_type(acme: Any) -> None:
    del acme["x-receiver"]["sources"]["acme"]["type"]
    body = {"$ref": "#/components/schemas/DoorOpened"}
    acme["paths"]["/acme/hooks"]["post"]["requestBody"]["content"] = {
        "application/json": {"schema": {"type": "array", "items": body}}
    }

    [operation] = openapi.parse(acme).operations

    assert operation.type == Constant("door.opened")
    assert operation.batch


def test_an_operation_overrides_its_source(acme: Any) -> None:
    words = acme["paths"]["/acme/hooks"]["post"]["x-receiver"]
    words["node"] = [{"header": "X-Door"}, {"value": "front"}]

    [operation] = openapi.parse(acme).operations

    assert operation.node == FirstOf((Header("x-door"), Constant("front")))


def test_the_sender_s_id_tells_duplicates_where_nothing_else_is_said(acme: Any) -> None:
    del acme["x-receiver"]["sources"]["acme"]["dedup"]

    [rule] = openapi.parse(acme).sources["acme"].dedup

    assert rule == DedupRule((Pointer(("id",)),), body=False, window=None)


def test_no_rule_means_never_a_duplicate(acme: Any) -> None:
    acme["x-receiver"]["sources"]["acme"]["dedup"] = []

    assert openapi.parse(acme).sources["acme"].dedup == ()


def test_all_problems_are_told_at_once(acme: Any) -> None:
    change(acme, f"{OPERATION}/x-receiver/source", "acne")
    change(acme, "/components/securitySchemes/acmeSignature/x-receiver/encoding", "base46")
    change(acme, "/x-receiver/sources/acme/time/format", "rfc3393")

    assert set(problems(acme)) == {
        f"{OPERATION}/x-receiver/source",
        "/components/securitySchemes/acmeSignature/x-receiver/encoding",
        "/x-receiver/sources/acme/time/format",
    }


REFUSED = [
    ("/openapi", "3.1.0", "/openapi", "3.0.x"),
    ("/x-receiver/sources/acme/nod", {"value": "x"}, "/x-receiver/sources/acme/nod", "'node'"),
    ("/x-receiver/sources/acme/node", {"pointer": "door"}, None, "JSON pointer"),
    ("/x-receiver/sources/acme/node", {"pointer": "/a", "value": "b"}, None, "must say one of"),
    ("/x-receiver/sources/acme/node", {"header": "X Node"}, None, "no header name"),
    ("/x-receiver/sources/acme/node", {"path": "door"}, f"{OPERATION}/x-receiver", "parameter"),
    ("/x-receiver/sources/acme/node", [], None, "at least one place"),
    ("/x-receiver/sources/acme/time/format", "%Q", None, "no time format"),
    ("/x-receiver/sources/acme/dedup", [{"by": []}], "/x-receiver/sources/acme/dedup/0", "by what"),
    (f"{OPERATION}/x-receiver/key", {"header": "X-Id"}, None, "duplicates by its own key"),
    (f"{OPERATION}/x-receiver/limits", {"body": 0}, f"{OPERATION}/x-receiver/limits/body", "whole"),
    (f"{OPERATION}/security", [], OPERATION, "how its events are proved"),
    (f"{OPERATION}/security", [{}], OPERATION, "how its events are proved"),
    (f"{OPERATION}/security", [{"x": []}], f"{OPERATION}/security/0/x", "not declared"),
    (f"{OPERATION}/operationId", "class", None, "Python name"),
    (f"{OPERATION}/operationId", "x" * 65, None, "64 characters"),
    ("/paths/~1acme~1hooks/get", {}, "/paths/~1acme~1hooks/get", "only a post"),
    ("/components/schemas/DoorClosed/x-receiver/hook", "on_shut", None, "reserved"),
    ("/components/schemas/DoorClosed/x-receiver/hook", "acme_opened", None, "taken by door.opened"),
    ("/components/schemas/DoorClosed/x-receiver/hook", "Shut", None, "no hook name"),
    (
        "/components/schemas/DoorClosed/x-receiver/event",
        "door.opened",
        "/components/schemas/DoorClosed/x-receiver/event",
        "also the type of DoorOpened",
    ),
    ("/components/schemas/DoorClosed/x-receiver/filter", ["app"], None, "system or user or node"),
    (
        "/components/securitySchemes/acmeSignature/x-receiver/algorithm",
        "sha1",
        None,
        "weak: accepted",
    ),
    (
        "/components/securitySchemes/acmeSignature/in",
        "query",
        "/components/securitySchemes/acmeSignature",
        "in: header",
    ),
    ("/components/schemas/Door/properties/x", {"$ref": "other.yaml#/X"}, None, "outside this"),
    ("/components/schemas/Door/properties/x", {"$ref": "#/components/X"}, None, "not in this"),
    ("/components/schemas/DoorClosed/example", float("nan"), None, "no finite number"),
    ("/components/schemas/DoorClosed/example", {1: 2}, None, "no text"),
]


@pytest.mark.parametrize(("where", "value", "told_at", "reason"), REFUSED)
def test_nonsense_is_refused_with_its_place_and_the_reason(
    acme: Any, where: str, value: Any, told_at: str | None, reason: str
) -> None:
    found = problems(change(acme, where, value))

    told = [why for place, why in found.items() if place.startswith(told_at or where)]
    assert reason in " ".join(told), found


def test_a_trailing_slash_makes_no_path_of_its_own(acme: Any) -> None:
    acme["paths"]["/acme/hooks/"] = {}

    assert "same path" in problems(acme)["/paths/~1acme~1hooks~1"]


def test_a_media_type_with_a_dot_is_no_json(acme: Any) -> None:
    content = acme["paths"]["/acme/hooks"]["post"]["requestBody"]["content"]
    content["application.json"] = content.pop("application/json")

    assert "application/json" in problems(acme)[f"{OPERATION}/requestBody/content"]


def test_sha1_is_taken_where_its_weakness_is_accepted(acme: Any) -> None:
    words = acme["components"]["securitySchemes"]["acmeSignature"]["x-receiver"]
    words |= {"algorithm": "sha1", "weak": "accepted", "prefix": "sha1=", "separator": ","}

    scheme = openapi.parse(acme).schemes["acmeSignature"]

    assert (scheme.algorithm, scheme.prefixes, scheme.separator) == ("sha1", ("sha1=",), ",")


def test_a_document_that_contains_itself_is_refused(acme: Any) -> None:
    acme["components"]["schemas"]["Door"]["properties"]["self"] = acme

    assert any("nested deeper" in reason for reason in problems(acme).values())


def test_a_reference_that_leads_back_to_itself_is_refused(acme: Any) -> None:
    schemas = acme["components"]["schemas"]
    schemas["A"] = {"$ref": "#/components/schemas/B"}
    schemas["B"] = {"$ref": "#/components/schemas/A"}
    body = acme["paths"]["/acme/hooks"]["post"]["requestBody"]["content"]["application/json"]
    body["schema"] = {"$ref": "#/components/schemas/A"}

    assert any("refers to itself" in reason for reason in problems(acme).values())


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8) | st.sampled_from(["$ref", "type"]), inner)
    ),
    max_leaves=6,
)


@given(document=ANYTHING)
def test_anything_at_all_is_read_or_refused(document: Any) -> None:
    with pytest.raises(SpecError):
        openapi.parse(document)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_document_with_one_part_changed_is_read_or_refused(acme: Any, data: Any) -> None:
    document = copy.deepcopy(acme)
    places = [parts for _, parts, _ in walk(document) if parts]
    where = data.draw(st.sampled_from(places))
    known = st.sampled_from([value for value, _, _ in walk(acme)])

    changed = change(document, pointer(where), data.draw(ANYTHING | known))

    with contextlib.suppress(SpecError):
        openapi.parse(changed)
