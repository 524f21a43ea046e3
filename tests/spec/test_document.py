"""webhooks.yaml as a document: valid, fully described, and safe for those who call it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import yaml
from openapi_spec_validator import validate

from receiver.contract import Contract

Document = dict[str, Any]

TYPE_FIELDS = {"EventType", "type"}
"""The properties that name the event type: the only ones whose values are closed."""


def posts(document: Document) -> Iterator[tuple[str, Document]]:
    for path, item in document["paths"].items():
        assert set(item) == {"post"}, path
        yield path, item["post"]


def answers(document: Document, operation: Document) -> dict[str, Document]:
    components = document["components"]["responses"]
    return {
        code: components[answer["$ref"].rpartition("/")[2]]
        for code, answer in operation["responses"].items()
    }


def keys(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key of the document with its value, examples left out."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            if key != "example":
                yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def properties(document: Document) -> Iterator[tuple[str, Document]]:
    for schema, body in document["components"]["schemas"].items():
        for key, declared in keys(body):
            if key == "properties":
                yield from ((f"{schema}.{name}", value) for name, value in declared.items())


def objects(value: Any) -> Iterator[Document]:
    """Every schema of an object below a value."""
    if isinstance(value, dict):
        if value.get("type") == "object":
            yield value
        for key, inner in value.items():
            if key != "example":
                yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)


def test_it_is_valid_openapi_3_0(document: Document) -> None:
    assert document["openapi"] == "3.0.3"
    validate(document)


def test_no_key_is_given_twice(text: str) -> None:
    def doubled(node: yaml.Node) -> Iterator[str]:
        if isinstance(node, yaml.MappingNode):
            names = Counter(key.value for key, _ in node.value)
            yield from (name for name, times in names.items() if times > 1)
            for _, value in node.value:
                yield from doubled(value)
        elif isinstance(node, yaml.SequenceNode):
            for value in node.value:
                yield from doubled(value)

    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert root is not None
    assert list(doubled(root)) == []


def test_all_is_json_whatever_sns_calls_it(document: Document) -> None:
    media = [name for key, value in keys(document) if key == "content" for name in value]
    assert set(media) == {"application/json", "text/plain"}
    posted = {path: set(post["requestBody"]["content"]) for path, post in posts(document)}
    plain = [path for path, content in posted.items() if content != {"application/json"}]
    assert plain == ["/rainmaker/sns"]  # SNS says so of its JSON


def test_no_answer_makes_a_platform_drop_its_subscription_or_follow_a_redirect(
    document: Document,
) -> None:
    for path, operation in posts(document):
        codes = set(operation["responses"])
        assert codes == {"200", "401", "408", "413", "431", "503"}, path


def test_only_a_200_has_a_body_and_a_503_says_when_to_come_back(document: Document) -> None:
    for path, operation in posts(document):
        given = answers(document, operation)
        assert {code for code, answer in given.items() if "content" in answer} == {"200"}, path
        assert set(given["503"]["headers"]) == {"Retry-After"}, path


def test_every_operation_can_be_found_and_understood(document: Document) -> None:
    tags = {tag["name"] for tag in document["tags"]}
    ids = Counter(operation["operationId"] for _, operation in posts(document))
    assert max(ids.values()) == 1
    for path, operation in posts(document):
        assert operation["summary"], path
        assert operation["description"], path
        assert set(operation["tags"]) <= tags, path
        assert operation["tags"] == [operation["x-receiver"]["source"]], path
        assert operation["requestBody"]["required"] is True, path


def test_a_path_of_one_type_is_called_like_its_hook(contract: Contract) -> None:
    misspelt = "gridx_comissioning_done"
    for operation in contract.operations:
        if len(operation.events) == 1 and operation.id not in (misspelt, "solarnetwork_events"):
            event = contract.event_types[operation.source, operation.events[0]]
            assert operation.batch or operation.id == event.hook


def test_every_source_is_introduced(document: Document) -> None:
    tags = {tag["name"]: tag for tag in document["tags"]}
    assert set(tags) == set(document["x-receiver"]["sources"])
    for tag in tags.values():
        assert tag["description"]
        assert tag["externalDocs"]["url"].startswith("https://")


def test_every_schema_and_every_property_has_a_description(document: Document) -> None:
    schemas = document["components"]["schemas"].items()
    silent = [name for name, schema in schemas if not schema.get("description")]
    silent += [name for name, value in properties(document) if not value.get("description")]
    assert silent == []


def test_every_event_says_what_it_is_and_how_to_provoke_it(contract: Contract) -> None:
    for event in contract.events:
        assert event.summary != event.name, event
        assert event.description, event
        assert event.trigger, event
        assert isinstance(event.sample, dict), event


def test_a_quantity_names_its_unit(document: Document) -> None:
    units = ("percent", "milliwatt", "watt", "metres", "km/h", "degrees", "volts", "kilometres")
    counts = ("bit mask", "Number of", "no unit", "epoch", "How many")
    quantities = {
        name: value["description"]
        for name, value in properties(document)
        if value.get("type") == "number"
        or (value.get("type") == "integer" and not name.lower().endswith("id"))
    }
    assert len(quantities) > 30
    codes = {"FlespiMessage.gsm.mcc", "FlespiMessage.gsm.mnc"}
    assert [
        name
        for name, words in quantities.items()
        if name not in codes and not any(unit in words for unit in (*units, *counts))
    ] == []


def test_a_date_says_how_it_is_written(document: Document) -> None:
    dates = [value for _, value in properties(document) if value.get("format") == "date-time"]
    assert len(dates) == 9
    assert all("RFC 3339" in value["description"] for value in dates)


def test_a_field_or_value_that_a_platform_adds_is_taken(document: Document) -> None:
    schemas = document["components"]["schemas"]
    assert all(schema.get("additionalProperties") is True for schema in objects(schemas))
    closed = [name for name, value in properties(document) if "enum" in value]
    assert {name.rpartition(".")[2] for name in closed} == TYPE_FIELDS
    assert all(len(value["enum"]) == 1 for _, value in properties(document) if "enum" in value)


def test_the_type_in_a_body_is_the_type_that_its_schema_is_for(document: Document) -> None:
    for name, schema in document["components"]["schemas"].items():
        if "x-receiver" not in schema or "allOf" not in schema:
            continue
        own = schema["allOf"][-1]["properties"]
        field = next(own[key] for key in own if key in TYPE_FIELDS)
        assert field["enum"] == [schema["x-receiver"]["event"]], name


def test_the_one_url_tells_its_types_apart_by_their_names(document: Document) -> None:
    body = document["paths"]["/gridx/events"]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    mapping = schema["discriminator"]["mapping"]
    assert schema["discriminator"]["propertyName"] == "type"
    assert [choice["$ref"] for choice in schema["oneOf"]] == list(mapping.values())
    for name, ref in mapping.items():
        target = document["components"]["schemas"][ref.rpartition("/")[2]]
        assert target["x-receiver"]["event"] == name
