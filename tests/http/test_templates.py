"""Paths with parameters: the lane and connexion's router find the same operation and values."""

from __future__ import annotations

import copy
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from receiver import catalogue, openapi
from receiver.catalogue import Catalogue
from receiver.http import endpoint
from receiver.inbox import Query
from receiver.keptsecrets import create

EVENT = {
    "x-receiver": {"event": "made", "trigger": "make one"},
    "title": "made",
    "description": "Something was made.",
    "type": "object",
    "properties": {"id": {"type": "string", "description": "its id"}},
    "example": {"id": "1"},
}


def path(name: str, *parameters: tuple[str, str]) -> dict[str, Any]:
    return {
        "post": {
            "operationId": name,
            "summary": name,
            "description": name,
            "security": [{"door": []}],
            "parameters": [
                {"name": found, "in": "path", "required": True, "schema": {"type": kind}}
                for found, kind in parameters
            ],
            "x-receiver": {
                "source": "acme",
                **({"node": {"path": parameters[0][0]}} if parameters else {}),
            },
            "requestBody": {
                "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/Made"}},
                }
            },
            "responses": {"200": {"description": "kept"}},
        }
    }


SPEC: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Acme", "version": "1"},
    "servers": [{"url": "https://acme.example/somewhere"}],
    "x-receiver": {"sources": {"acme": {"title": "Acme", "type": {"value": "made"}}}},
    "paths": {
        "/acme/{node}": path("acme_any", ("node", "string")),
        "/acme/{node}/orders/{order-no}": path(
            "acme_order", ("node", "string"), ("order-no", "integer")
        ),
        "/acme/fixed": path("acme_fixed"),
        "/acme/slashed/": path("acme_slashed"),
        "/acme/white%20space": path("acme_spaced"),
    },
    "components": {
        "schemas": {"Made": EVENT},
        "securitySchemes": {
            "door": {
                "type": "apiKey",
                "in": "header",
                "name": "X-Door",
                "x-receiver": {"scheme": "static"},
            }
        },
    },
}


@pytest.fixture
def acme(platforms: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The platform, as if its package had been generated."""
    contract = openapi.parse(copy.deepcopy(SPEC))
    operations = types.ModuleType("acme_events.operations")
    for operation in contract.operations:
        setattr(operations, operation.id, _function(operation.id))
    monkeypatch.setitem(sys.modules, "acme_events", types.ModuleType("acme_events"))
    monkeypatch.setitem(sys.modules, "acme_events.operations", operations)
    monkeypatch.setattr(sys.modules["acme_events"], "operations", operations, raising=False)
    served = Catalogue(
        package="acme_events",
        contract=contract,
        hookspecs=types.ModuleType("acme_events.hookspecs"),
        validators={("acme", "made"): catalogue.validator(contract, contract.events[0])},
        decoders={},
        enums={},
    )
    return type(platforms)(served, {"acme": create(contract, "acme")})


def _function(id: str) -> Callable[[], Any]:
    async def operation() -> Any:
        return await endpoint.ingest(id)

    return operation


@pytest.fixture(params=[True, False], ids=["lane", "connexion"])
def acme_door(request: pytest.FixtureRequest, make_door: Any, acme: Any) -> Iterator[Any]:
    return make_door(platforms=acme, lane=request.param)


@pytest.mark.parametrize(
    ("path", "operation", "node"),
    [
        ("/acme/n1", "acme_any", "n1"),
        ("/acme/n1/", "acme_any", "n1"),
        ("/acme/ü \n", "acme_any", "ü \n"),
        ("/acme/{node}", "acme_any", "{node}"),
        ("/acme/n1/orders/7", "acme_order", "n1"),
        ("/acme/n1/orders/seven", "acme_order", "n1"),
        ("/acme/fixed", "acme_fixed", None),
        ("/acme/fixed/", "acme_fixed", None),
        ("/acme/slashed", "acme_slashed", None),
        ("/acme/slashed/", "acme_slashed", None),
        ("/acme/white space", "acme_spaced", None),
    ],
)
async def test_a_path_leads_to_its_operation(
    acme: Any, acme_door: Any, path: str, operation: str, node: str | None
) -> None:
    headers = acme.sign(acme.operation(operation), b"{}")
    answer = await acme_door.ask("POST", path, headers=headers, chunks=[b"{}"])
    assert answer.status == 200
    [kept] = await acme_door.inbox.read(Query())
    assert (kept.operation, kept.node) == (operation, node)


@pytest.mark.parametrize(
    "path", ["/acme", "/acme/", "/acme//", "/acme/n1/orders", "/somewhere/acme/n1", "/acme/a/b"]
)
async def test_any_other_path_leads_nowhere(acme: Any, acme_door: Any, path: str) -> None:
    headers = acme.sign(acme.operations[0], b"{}")
    answer = await acme_door.ask("POST", path, headers=headers, chunks=[b"{}"])
    assert answer.status == 404


async def test_a_template_takes_nothing_but_post(acme_door: Any) -> None:
    answer = await acme_door.ask("GET", "/acme/n1/orders/7")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
