"""Integrations and event filters: the request bodies of the platform's own guide, verbatim."""

from __future__ import annotations

import asyncio
import json

import pytest
from steered import PASSWORD, Api

from receiver.decisions import Book, Token
from receiver.management.caller import Refused
from receiver.management.logins import AT_ONCE, FREE, Logins

TYPE = "rmaker.event.node_connected"

# Steps 2 to 5 of the webhooks guide; only its typographic quotes are plain ones here.
INTEGRATION = """
{
"service_name": "unique_name_of_the_webhook",
"endpoint_name": "lake",
"integration_enabled" : true
}
"""
SYSTEM = """
{
"event_type" : "rmaker.event.node_connected",
"entity_id" : "system.rmaker.event.node_connected",
"entity_type" : "System",
"enabled": true,
"enabled_for_integrations" : ["unique_name_of_the_webhook", "helloworldintegration"]
}
"""
USER = """
{
"event_type" : "rmaker.event.node_connected",
"entity_id" : "123",
"entity_type" : "USER",
"enabled": true,
"enabled_for_integrations" : ["unique_name_of_the_webhook", "helloworldintegration"]
}
"""
NODE = """
{
"event_type" : "rmaker.event.node_connected",
"entity_id" : "n-ann-1",
"entity_type" : "NODE",
"enabled": true,
"enabled_for_integrations" : ["unique_name_of_the_webhook", "helloworldintegration"]
}
"""
JSON = {"content-type": "application/json"}


async def post(api: Api, who: str, path: str, body: str) -> tuple[int, dict[str, object]]:
    answer = await api.ask(who, "POST", path, content=body, headers=JSON)
    return answer.status_code, answer.json()


async def test_the_guides_steps_work_as_they_stand(api: Api) -> None:
    login = await api.ask(
        None, "POST", "/v1/login", json={"user_name": "root", "password": PASSWORD}
    )
    api.tokens["me"] = login.json()["accesstoken"]  # raw in the header, as the guide says

    answers = [
        await post(api, "me", "/v1/admin/webhook_integration", INTEGRATION),
        await post(api, "me", "/v1/admin/event_filter", SYSTEM),
        await post(api, "me", "/v1/admin/event_filter", USER),
        await post(api, "me", "/v1/user/event_filter", NODE),
        await post(api, "ann", "/v1/user/event_filter", USER),
        await post(api, "ann", "/v1/user/event_filter", NODE),
    ]

    assert [status for status, _ in answers] == [200] * 6
    assert {body["status"] for _, body in answers} == {"success"}
    assert "helloworldintegration" in str(answers[1][1]["description"])


async def test_unknown_integrations_of_a_filter_are_kept_and_told(api: Api) -> None:
    _, told = await post(api, "root", "/v1/admin/event_filter", SYSTEM)
    kept = (await api.ask("root", "GET", "/v1/admin/event_filter")).json()["event_filters"]

    assert "there is no integration" in str(told["description"])
    assert kept[0]["enabled_for_integrations"] == [
        "helloworldintegration",
        "unique_name_of_the_webhook",
    ]


@pytest.mark.parametrize("spelling", ["System", "SYSTEM", "system"])
async def test_an_entity_type_is_the_same_in_any_case(api: Api, spelling: str) -> None:
    body = json.loads(SYSTEM) | {"entity_type": spelling}
    status, _ = await post(api, "root", "/v1/admin/event_filter", json.dumps(body))

    assert status == 200
    assert [one.level for one in await api.book.filters()] == ["system"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"entity_id": "system.other"}, "entity_id must be"),
        ({"entity_type": "Group"}, "none of System, User, Node"),
        ({"entity_type": "User", "entity_id": f"system.{TYPE}"}, "is of the System level"),
        (
            {"event_type": "rmaker.event.node_registered"}
            | {"entity_id": "system.rmaker.event.node_registered"},
            "cannot be disabled at any level",
        ),
        (
            {"event_type": "rmaker.event.alert", "entity_type": "Node", "entity_id": "n"},
            "cannot be disabled at the node level; it can at: system",
        ),
        ({"event_type": "nope", "entity_id": "system.nope"}, "the contract has no event type"),
    ],
)
async def test_a_filter_that_cannot_be_is_a_failure_with_its_reason(
    api: Api, change: dict[str, str], reason: str
) -> None:
    body = json.loads(SYSTEM) | change
    status, told = await post(api, "root", "/v1/admin/event_filter", json.dumps(body))

    assert status == 400
    assert told["status"] == "failure"
    assert reason in str(told["description"])
    assert await api.book.filters() == []


async def test_an_endpoint_is_a_profile_or_a_sink_that_needs_nothing(api: Api) -> None:
    async def make(endpoint: str) -> tuple[int, dict[str, object]]:
        body = json.loads(INTEGRATION) | {"service_name": f"to-{endpoint}"}
        body["endpoint_name"] = endpoint
        return await post(api, "root", "/v1/admin/webhook_integration", json.dumps(body))

    assert (await make("lake"))[0] == 200
    assert (await make("console"))[0] == 200
    status, told = await make("http")
    assert (status, told["status"]) == (400, "failure")
    assert "endpoints: console, lake" in str(told["description"])


async def test_an_integration_is_changed_listed_and_removed(api: Api) -> None:
    path = "/v1/admin/webhook_integration"
    await post(api, "root", path, INTEGRATION)
    body = json.loads(INTEGRATION) | {"integration_enabled": False}
    changed = await api.ask("root", "PUT", path, json=body)
    listed = (await api.ask("root", "GET", path)).json()["webhook_integrations"]
    names = {"service_name": body["service_name"], "endpoint_name": "lake"}
    other = await api.ask("root", "DELETE", path, params=names | {"endpoint_name": "console"})
    gone = await api.ask("root", "DELETE", path, params=names)

    assert changed.status_code == 200
    assert listed == [body]
    assert other.status_code == 404
    assert gone.status_code == 200
    assert await api.book.routes() == []


async def test_a_filter_is_removed_by_a_body_with_or_without_its_type(api: Api) -> None:
    await post(api, "root", "/v1/admin/event_filter", SYSTEM)
    await post(api, "ann", "/v1/user/event_filter", NODE)
    named = {"event_type": TYPE, "entity_id": f"system.{TYPE}", "entity_type": "System"}
    mine = {"event_type": TYPE, "entity_id": "n-ann-1"}

    first = await api.ask("root", "DELETE", "/v1/admin/event_filter", json=named)
    second = await api.ask("ann", "DELETE", "/v1/user/event_filter", json=mine)
    third = await api.ask("ann", "DELETE", "/v1/user/event_filter", json=mine)

    assert [a.status_code for a in (first, second, third)] == [200, 200, 404]


async def test_wrong_guesses_slow_down(api: Api) -> None:
    body = {"user_name": "root", "password": "wrong"}
    statuses = [(await api.ask(None, "POST", "/v1/login", json=body)).status_code for _ in range(5)]
    right = await api.ask(None, "POST", "/v1/login", json=body | {"password": PASSWORD})

    assert statuses == [401, 401, 401, 401, 429]
    assert right.status_code == 429
    assert int(right.headers["retry-after"]) >= 1


class Meanwhile(Book):
    """A book in which somebody is removed after their password was looked up."""

    async def tokens(self) -> list[Token]:
        found = await super().tokens()
        if (user := await self.user("ann")) is not None:
            await self.change([], gone=[user], who="root", action="remove user")
        return found


async def test_who_is_removed_while_logging_in_is_not_let_in(api: Api) -> None:
    before = await api.book.tokens()

    with pytest.raises(Refused, match="is wrong"):
        await Logins(Meanwhile(api.inbox.registry)).login("ann", PASSWORD)

    assert await api.book.tokens() == before


async def test_guesses_at_the_same_time_are_no_cheaper(api: Api) -> None:
    body = {"user_name": "root", "password": "wrong"}
    answers = await asyncio.gather(
        *(api.ask(None, "POST", "/v1/login", json=body) for _ in range(20))
    )
    statuses = [answer.status_code for answer in answers]

    assert set(statuses) == {401, 429}
    assert statuses.count(401) <= FREE + AT_ONCE


async def test_nobody_learns_which_users_there_are(api: Api) -> None:
    answers = [
        await api.ask(None, "POST", "/v1/login", json={"user_name": name, "password": "wrong"})
        for name in ("root", "nobody")
    ]
    assert answers[0].content == answers[1].content


async def test_the_versions_are_told(api: Api) -> None:
    told = (await api.ask(None, "GET", "/apiversions")).json()

    assert told["supported_versions"] == ["v1"]
    assert set(told["additional_info"][0]) == {"version", "build_info", "release_notes"}
