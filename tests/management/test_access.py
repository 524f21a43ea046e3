"""Who may do what: every operation of the document, for every role, on one's own and others'."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from steered import PASSWORD, Api

from receiver.decisions import ROLES
from receiver.errors import ConfigError
from receiver.management.app import DOCUMENT
from receiver.management.rules import Rule, Rules

RULES = Rules(DOCUMENT)
BY_ROLE = {"superadmin": "root", "admin": "ops", "user": "ann"}
TYPE = "rmaker.event.node_connected"
HOOKS = "/solaruser/api/v1/sec/user/event/node/hooks"
HOOK = {
    "name": "agg",
    "topic": "datum/agg/update",
    "serviceIdentifier": "http",
    "serviceProperties": {"url": "https://example.com/"},
}


def filter_of(owner: str) -> dict[str, Any]:
    """A filter of somebody, natively."""
    return {"level": "user", "type": TYPE, "entity": owner, "enabled": True, "routes": []}


def event_filter(owner: str) -> dict[str, Any]:
    return {"event_type": TYPE, "entity_id": owner, "entity_type": "USER", "enabled": True}


IDS = {"root": "1", "ops": "2", "ann": "123", "bob": "456"}


async def wanted(api: Api, rule: Rule, owner: str) -> tuple[str, dict[str, Any]]:
    """A request for an operation that is valid, about something of `owner`'s where it can be."""
    path, given = rule.path, {}
    bodies: dict[str, Any] = {
        "native.create_route": {"name": f"new-{owner}", "sink": "console"},
        "native.replace_route": {"sink": "console"},
        "native.set_filter": filter_of(IDS[owner]),
        "native.test_filters": {"type": TYPE},
        "accounts.create_user": {"name": f"n-{owner}", "password": PASSWORD, "role": "user"},
        "accounts.create_token": {"user": owner},
        "integrations.login": {"user_name": owner, "password": PASSWORD},
        "integrations.login2": {"user_name": owner, "password": PASSWORD},
        "integrations.create_integration": {
            "service_name": f"i-{owner}",
            "endpoint_name": "lake",
            "integration_enabled": True,
        },
        "integrations.update_integration": {
            "service_name": "whole",
            "endpoint_name": "lake",
            "integration_enabled": False,
        },
        "hooks.save_hook": HOOK,
    }
    if rule.id in bodies:
        given["json"] = bodies[rule.id]
    elif "filter" in rule.id and rule.method in ("POST", "PUT"):
        given["json"] = event_filter(IDS[owner])
    elif rule.id.endswith(("delete_filter", "delete_own_filter")) and rule.dialect == "status":
        given["json"] = {"event_type": TYPE, "entity_id": IDS[owner], "entity_type": "User"}
    elif rule.id == "native.delete_filter":
        given["params"] = {"level": "user", "type": TYPE, "entity": IDS[owner]}
    elif rule.id == "integrations.delete_integration":
        given["params"] = {"service_name": "whole", "endpoint_name": "lake"}
    if "{id}" in path and path.startswith("/v1/tokens"):
        token, _ = await api.accounts.grant(owner, who="test")
        path = path.replace("{id}", token.id)
    elif "{id}" in path and path.startswith(HOOKS):
        made = await api.ask(owner, "POST", HOOKS, json=HOOK)
        path = path.replace("{id}", str(made.json()["data"]["id"]))
    elif "{name}" in path and path.startswith("/v1/users"):
        path = path.replace("{name}", "spare")
    elif "{name}" in path:
        name = "whole"
        if rule.access and rule.access.get("user"):
            made = await api.ask(owner, "POST", HOOKS, json=HOOK)
            name = f"hook-{made.json()['data']['id']}"
        path = path.replace("{name}", name)
    return path.replace("{id}", "no-such-event"), given


async def prepared(api: Api) -> None:
    """What operations are asked about is there, whatever the one before did to it."""
    ann = await api.book.user("ann")
    assert ann is not None
    spare = msgspec.structs.replace(ann, name="spare", id="789", nodes=())
    await api.book.put(spare, who="test", action="create user")
    body = {"service_name": "whole", "endpoint_name": "lake", "integration_enabled": True}
    await api.ask("root", "POST", "/v1/admin/webhook_integration", json=body)
    for id in IDS.values():
        await api.ask("root", "PUT", "/v1/filters", json=filter_of(id))


@pytest.mark.parametrize("role", ROLES)
async def test_an_operation_is_granted_to_whom_the_document_says(api: Api, role: str) -> None:
    who = BY_ROLE[role]
    for rule in RULES.all:
        await prepared(api)
        path, given = await wanted(api, rule, who)
        answer = await api.ask(who, rule.method, path, **given)

        allowed = rule.access is None or role in rule.access
        assert (answer.status_code not in (401, 403)) == allowed, (rule.id, answer.text)
        if allowed:
            assert answer.status_code < 300 or answer.status_code == 404, (rule.id, answer.text)


async def test_nobody_may_do_anything_without_a_token(api: Api) -> None:
    for rule in RULES.all:
        if rule.access is None:
            continue  # it is how one gets a token, or tells nothing
        for token in ({}, {"authorization": "Bearer rcv_0000000000000000_" + "x" * 43}):
            answer = await api.ask(None, rule.method, rule.path, headers=token)

            assert answer.status_code == 401, rule.id


OWN = [rule for rule in RULES.all if rule.access and rule.access.get("user") == "own"]


async def test_a_user_reaches_nothing_of_another(api: Api) -> None:
    made = (await api.ask("bob", "POST", HOOKS, json=HOOK)).json()["data"]["id"]
    for rule in OWN:
        await prepared(api)
        path, given = await wanted(api, rule, "bob")
        if rule.id == "hooks.save_hook":
            given["json"] = {**HOOK, "id": made}
        before = (await api.book.filters(), await api.book.routes(), await api.book.tokens())

        answer = await api.ask("ann", rule.method, path, **given)

        if rule.method == "GET" and "{" not in rule.path:
            assert answer.status_code == 200, rule.id
            assert not [word for word in (f"hook-{made}", '"456"', "bob") if word in answer.text]
        else:
            assert answer.status_code in (403, 404), (rule.id, answer.text)
            after = (await api.book.filters(), await api.book.routes(), await api.book.tokens())
            assert after == before, rule.id


async def test_a_user_decides_for_their_own_nodes_only(api: Api) -> None:
    async def set_filter(node: str) -> int:
        body = {**event_filter(node), "entity_type": "NODE"}
        return (await api.ask("ann", "POST", "/v1/user/event_filter", json=body)).status_code

    assert await set_filter("n-ann-7") == 200
    assert await set_filter("n-bob") == 403


async def test_system_filters_are_for_superadmins(api: Api) -> None:
    body = {**event_filter(f"system.{TYPE}"), "entity_type": "System"}
    answers = [
        (await api.ask(who, "POST", "/v1/admin/event_filter", json=body)).status_code
        for who in ("root", "ops", "ann")
    ]
    assert answers == [200, 403, 403]


async def test_the_superadmin_may_use_the_users_paths(api: Api) -> None:
    answer = await api.ask("root", "POST", "/v1/user/event_filter", json=event_filter("456"))
    assert answer.status_code == 200


async def test_a_user_sees_only_their_own_events(api: Api, entry: Any) -> None:
    await api.inbox.append([entry(id="a", user="123"), entry(id="b", user="456"), entry(id="c")])

    seen = (await api.ask("ann", "GET", "/v1/events")).json()["events"]
    foreign = await api.ask("ann", "GET", "/v1/events/b")
    asked = (await api.ask("ann", "GET", "/v1/events?user=456")).json()["events"]

    assert [event["id"] for event in seen] == ["a"]
    assert foreign.status_code == 404
    assert [event["id"] for event in asked] == ["a"]


def test_an_operation_without_a_rule_stops_the_start() -> None:
    operation = {"operationId": "native.new", "responses": {}}
    for access in ({}, {"x-access": "all"}, {"x-access": {"nobody": "all"}}):
        with pytest.raises(ConfigError, match="does not say who may use it"):
            Rules({"paths": {"/v1/new": {"get": {**operation, **access}}}})
