"""`receiver spec lint` and `receiver spec show`."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import Result

from receiver.codegen import package
from receiver.codegen.lint import lint
from receiver.errors import ReceiverError, SpecError
from receiver.excerpt import pointer, walk

Command = Callable[..., Result]
POST = "/paths/~1acme~1hooks/post"
OPENED = "/components/schemas/DoorOpened"


def found(document: Any, level: str) -> dict[str, str]:
    return {finding.where: finding.reason for finding in lint(document) if finding.level == level}


def test_a_good_spec_has_nothing_to_say(acme: Any) -> None:
    assert lint(acme) == []


def test_replies_that_lose_events_are_errors(acme: Any) -> None:
    responses = acme["paths"]["/acme/hooks"]["post"]["responses"]
    responses |= {"410": {"description": "Gone."}, "308": {"description": "Elsewhere."}}

    errors = found(acme, "error")

    assert "delete its subscription" in errors[f"{POST}/responses/410"]
    assert "redirected" in errors[f"{POST}/responses/308"]


def test_a_media_type_with_a_dot_is_an_error(acme: Any) -> None:
    content = acme["paths"]["/acme/hooks"]["post"]["requestBody"]["content"]
    content["application.json"] = content.pop("application/json")

    assert "no media type" in found(acme, "error")[f"{POST}/requestBody/content/application.json"]


def test_an_event_that_no_operation_takes_is_an_error(acme: Any) -> None:
    acme["components"]["schemas"]["DoorPainted"] = {
        "type": "object",
        "x-receiver": {"event": "door.painted"},
    }

    assert "no operation takes" in found(acme, "error")["/components/schemas/DoorPainted"]


def test_an_example_must_be_there_and_satisfy_its_schema(acme: Any) -> None:
    schemas = acme["components"]["schemas"]
    del schemas["DoorClosed"]["example"]
    schemas["DoorOpened"]["example"]["door"]["serial"] = 7

    errors = found(acme, "error")

    assert "has no example" in errors["/components/schemas/DoorClosed"]
    assert "breaks the schema" in errors[f"{OPENED}/example/door/serial"]


def test_a_pattern_that_is_none_is_an_error(acme: Any) -> None:
    acme["components"]["schemas"]["DoorOpened"]["properties"]["id"]["pattern"] = "("

    assert found(acme, "error")


def test_what_openapi_forbids_is_an_error(acme: Any) -> None:
    del acme["paths"]["/acme/hooks"]["post"]["responses"]

    assert any("is not OpenAPI 3.0" in reason for reason in found(acme, "error").values())


def test_words_that_are_missing_are_warnings(acme: Any) -> None:
    properties = acme["components"]["schemas"]["DoorOpened"]["properties"]
    del properties["id"]["description"]
    del properties["history"]["items"]["properties"]["angle"]["description"]

    assert found(acme, "error") == {}
    assert found(acme, "warning") == {
        f"{OPENED}/properties/id": "has no description",
        f"{OPENED}/properties/history/items/properties/angle": "has no description",
    }


def test_a_closed_enumeration_is_a_warning_and_a_constant_is_not(acme: Any) -> None:
    properties = acme["components"]["schemas"]["DoorOpened"]["properties"]
    properties["how"]["enum"] = properties["how"].pop("x-extensible-enum")
    properties["action"]["enum"] = properties["action"].pop("x-extensible-enum")

    assert list(found(acme, "warning")) == [f"{OPENED}/properties/how/enum"]


def test_a_pointer_to_nothing_is_a_warning(acme: Any) -> None:
    acme["x-receiver"]["sources"]["acme"]["node"] = [
        {"pointer": "/door/serial"},
        {"pointer": "/door/number"},
        {"pointer": "/history/0/angle"},
        {"pointer": "/opened-by"},
    ]

    assert found(acme, "warning") == {
        "/x-receiver/sources/acme": "no event of acme declares /door/number"
    }


def test_a_source_without_operations_is_a_warning(acme: Any) -> None:
    acme["x-receiver"]["sources"]["other"] = {}

    assert found(acme, "warning") == {"/x-receiver/sources/other": "no operation is of this source"}


def test_warnings_do_not_fail(command: Command, tmp_path: Path) -> None:
    spec = tmp_path / "acme.yaml"
    spec.write_text(spec.read_text().replace("pointer: /id", "pointer: /nr"))

    result = command("spec", "lint", "acme.yaml")

    assert result.exit_code == 0
    assert result.stdout == (
        "acme.yaml:8: warning: /x-receiver/sources/acme: no event of acme declares /nr\n"
    )
    assert result.stderr == "acme.yaml: 0 errors, 1 warning\n"


def test_errors_fail_and_can_be_read_by_programs(command: Command, tmp_path: Path) -> None:
    spec = tmp_path / "acme.yaml"
    spec.write_text(spec.read_text().replace("source: acme,", "source: acne,"))

    result = command("spec", "lint", "acme.yaml", "--json")

    assert result.exit_code == 1
    first = json.loads(result.stdout)[0]
    assert (first["level"], first["line"]) == ("error", 22)
    assert first["where"] == f"{POST}/x-receiver/source"


def test_a_file_that_is_no_yaml_fails(command: Command, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("a: 1\na: 2\n")

    result = command("spec", "lint", "broken.yaml")

    assert result.exit_code == 1
    assert result.stdout == "broken.yaml:2: error: /: the key 'a' is given twice\n"


def test_one_mistake_hides_no_other(acme: Any) -> None:
    schemas = acme["components"]["schemas"]
    schemas["DoorClosed"]["properties"]["at"] = {"$ref": "#/components/schemas/Nowhere"}
    schemas["DoorOpened"]["example"]["door"]["serial"] = 7
    schemas["DoorOpened"]["x-receiver"]["hok"] = "acme_opened"
    acme["x-receiver"]["sources"]["acme"]["key"] = {"pionter": "/id"}
    acme["components"]["securitySchemes"]["acmeSignature"]["x-receiver"]["algorithm"] = "sha1"

    errors = found(acme, "error")

    assert set(errors) == {
        "/components/schemas/DoorClosed/properties/at/$ref",
        f"{OPENED}/example/door/serial",
        f"{OPENED}/x-receiver/hok",
        "/x-receiver/sources/acme/key/pionter",
        "/components/securitySchemes/acmeSignature/x-receiver/algorithm",
    }


def test_a_body_that_refers_to_nothing_is_told_once(acme: Any) -> None:
    content = acme["paths"]["/acme/hooks"]["post"]["requestBody"]["content"]
    content["application/json"]["schema"] = {"$ref": "#/components/schemas/Nowhere"}

    assert list(found(acme, "error")) == [
        f"{POST}/requestBody/content/application~1json/schema/$ref"
    ]


@pytest.mark.parametrize(
    "place",
    [
        (),
        ("paths", "/acme/hooks", "post"),
        ("components", "securitySchemes", "acmeSignature"),
        ("components", "schemas", "DoorOpened"),
    ],
)
def test_a_misspelt_vendor_key_is_told_once_with_the_right_one(
    acme: Any, place: tuple[str, ...]
) -> None:
    here = acme
    for part in place:
        here = here[part]
    here["x-reciever"] = here.pop("x-receiver")

    assert found(acme, "error") == {
        pointer((*place, "x-reciever")): "is not a known key; did you mean 'x-receiver'?"
    }


def test_vendor_keys_of_others_are_theirs(acme: Any) -> None:
    acme["x-amazon-apigateway-policy"] = {"x-logo": 1}

    assert lint(acme) == []


def test_another_version_of_openapi_is_one_line(acme: Any) -> None:
    acme["openapi"] = "3.1.0"

    assert found(acme, "error") == {"/openapi": "must be 3.0.x, is '3.1.0'"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "spec.yaml: error: /: is empty\n"),
        ("# nothing\n", "spec.yaml: error: /: is empty\n"),
        ("- a\n- b\n", "spec.yaml:1: error: /: is not a mapping, but a list\n"),
        ("a: [1\n", "spec.yaml:2: error: /: is no valid YAML: did not find expected ',' or ']'\n"),
    ],
)
def test_a_file_that_is_no_document_is_one_line(
    command: Command, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "spec.yaml").write_text(text)

    result = command("spec", "lint", "spec.yaml")

    assert (result.exit_code, result.stdout) == (1, said)
    assert result.stderr == "spec.yaml: 1 error, 0 warnings\n"


def test_show_lists_paths_and_event_types(command: Command) -> None:
    result = command("spec", "show", "--spec", "acme.yaml")

    assert "/acme/hooks\tacme\tdoor.opened, door.closed\tacmeSignature" in result.stdout
    assert "acme\tdoor.opened\tacme_opened\tsystem, user\tA door was opened" in result.stdout


@pytest.mark.parametrize("name", ["door.opened", "acme_opened"])
def test_show_tells_one_event_type(command: Command, name: str) -> None:
    result = command("spec", "show", name, "--spec", "acme.yaml")

    assert "trigger: Open the door." in result.stdout
    assert "door.serial\ttext\tyes\tSerial number of the door, eight digits." in result.stdout


def test_show_can_be_read_by_programs(command: Command) -> None:
    shown = json.loads(command("spec", "show", "--spec", "acme.yaml", "--json").stdout)

    assert [event["hook"] for event in shown["events"]] == ["acme_opened", "acme_door_shut"]
    assert shown["operations"][0]["path"] == "/acme/hooks"


def test_show_names_the_nearest_event_type(command: Command) -> None:
    result = command("spec", "show", "door.opend", "--spec", "acme.yaml")

    assert isinstance(result.exception, ReceiverError)
    assert "did you mean door.opened?" in str(result.exception)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_spec_with_one_part_changed_is_judged_and_compiled_or_refused(
    acme: Any, data: Any
) -> None:
    document = copy.deepcopy(acme)
    values = [value for value, _, _ in walk(acme)]
    *parents, last = data.draw(st.sampled_from([parts for _, parts, _ in walk(acme) if parts]))
    here = document
    for part in parents:
        here = here[int(part) if isinstance(here, list) else part]
    other = st.sampled_from([None, [], {}, "", 1, True, [1], {"required": 3}, {"": []}])
    here[int(last) if isinstance(here, list) else last] = data.draw(st.sampled_from(values) | other)

    errors = [finding for finding in lint(document) if finding.level == "error"]

    if not errors:
        with contextlib.suppress(SpecError):
            package.generate(document, spec="acme.yaml")
