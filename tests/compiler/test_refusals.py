"""What is read but cannot be rendered is refused, with its place in the spec and the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from receiver.codegen import package
from receiver.errors import SpecError

REFUSED: list[tuple[str, Callable[[Any], Any], str]] = [
    (
        "/components/schemas/DoorClosed/properties/door_serial",
        lambda acme: acme["components"]["schemas"]["DoorClosed"]["properties"].update(
            door_serial={"type": "string"}
        ),
        "x-receiver-aliases",
    ),
    (
        "/components/schemas/DoorClosed",
        lambda acme: acme["components"]["schemas"]["DoorClosed"].update(type="string"),
        "JSON object",
    ),
    (
        "/components/schemas/DoorClosed",
        lambda acme: acme["components"]["schemas"]["DoorClosed"].pop("example"),
        "no example",
    ),
    (
        "/components/schemas/DoorClosed/properties/a",
        lambda acme: acme["components"]["schemas"]["DoorClosed"]["properties"]["at"].update(
            {"x-receiver-aliases": ["action"]}
        ),
        "also a spelling",
    ),
    (
        "/components/schemas/Door/properties/" + "x" * 80,
        lambda acme: acme["components"]["schemas"]["Door"]["properties"].update(
            {"x" * 80: {"type": "string"}}
        ),
        "too long",
    ),
    (
        "/components/schemas/Door/properties/chain",
        lambda acme: (
            acme["components"]["schemas"].update(
                Chain={"type": "array", "items": {"$ref": "#/components/schemas/Chain"}}
            ),
            acme["components"]["schemas"]["Door"]["properties"].update(
                chain={"$ref": "#/components/schemas/Chain"}
            ),
        ),
        "contains itself",
    ),
    (
        "/components/schemas/DoorOpened/properties/history/items",
        lambda acme: (
            acme["components"]["schemas"].update(
                DoorOpenedHistoryItem={"type": "object", "properties": {"x": {}}}
            ),
            acme["components"]["schemas"]["Door"]["properties"].update(
                past={"$ref": "#/components/schemas/DoorOpenedHistoryItem"}
            ),
        ),
        "that of another schema",
    ),
]


@pytest.mark.parametrize(("where", "change", "reason"), REFUSED, ids=[r[2] for r in REFUSED])
def test_what_cannot_be_rendered_is_refused_with_its_place(
    acme: Any, where: str, change: Callable[[Any], Any], reason: str
) -> None:
    change(acme)

    with pytest.raises(SpecError) as caught:
        package.generate(acme, spec="x")

    assert any(reason in why for _, why in caught.value.problems), caught.value.problems
    assert any(place.startswith(where) for place, _ in caught.value.problems)
