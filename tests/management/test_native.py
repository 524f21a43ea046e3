"""The native dialect, and that all three show the same things."""

from __future__ import annotations

from typing import Any

import pytest
from steered import Api

from receiver.inbox import RouteStart

URL = "https://example.com/hook"
HOOKS = "/solaruser/api/v1/sec/user/event/node/hooks"


async def create(api: Api, **body: Any) -> Any:
    route = {"name": "mine", "sink": "http", "settings": {"url": URL}} | body
    return await api.ask("root", "POST", "/v1/routes", json=route)


async def test_a_route_has_its_place_in_the_inbox_when_it_is_answered(api: Api, entry: Any) -> None:
    await api.inbox.register([RouteStart(route="archive")])
    await api.inbox.append([entry(id="before")])
    answer = await create(api)
    await api.inbox.append([entry(id="after")])

    place = {one.route: one for one in await api.inbox.places()}["mine"]
    assert answer.status_code == 201
    assert (place.position, place.lag) == (1, 1)


async def test_a_secret_is_written_and_never_read(api: Api) -> None:
    made = (await create(api)).json()
    texts = [
        (await api.ask("root", "GET", path)).text
        for path in ("/v1/routes", "/v1/routes/mine", "/v1/audit")
    ]

    assert made["secrets"] == ["url"]
    assert not [text for text in texts if URL in text]
    assert [
        URL.encode() in record.body for record in await api.inbox.registry.records("route")
    ] == [False]


async def test_secrets_that_are_left_out_of_a_change_stay(api: Api) -> None:
    await create(api)
    body = {"sink": "http", "settings": {"method": "PUT"}, "options": {"nodes": ["a*"]}}
    changed = (await api.ask("root", "PUT", "/v1/routes/mine", json=body)).json()

    assert changed["secrets"] == ["url"]
    assert changed["settings"] == {"method": "PUT"}
    assert changed["options"] == {"nodes": ["a*"]}


async def test_a_change_of_an_older_version_is_refused(api: Api) -> None:
    await create(api)
    version = (await api.ask("root", "GET", "/v1/routes/mine")).json()["version"]
    body = {"sink": "http", "version": version}
    first = await api.ask("root", "PUT", "/v1/routes/mine", json=body)
    second = await api.ask("root", "PUT", "/v1/routes/mine", json=body)

    assert (first.status_code, second.status_code) == (200, 409)


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        ({"name": "archive"}, 409, "stands in"),
        ({"sink": "htpp"}, 400, "did you mean"),
        ({"settings": {}}, 400, "needs the setting url"),
        ({"settings": {"url": URL, "methd": "PUT"}}, 400, "has no setting methd"),
        ({"settings": {"url": "file:/etc/passwd"}}, 400, "receiver.toml only"),
        ({"options": {"conurrency": 3}}, 400, "no option 'conurrency'"),
        ({"options": {"concurrency": 0}}, 400, "concurrency"),
        ({"options": {"sink": "jsonl"}}, 400, "no option 'sink'"),
        ({"name": "../x"}, 400, "does not match"),
    ],
)
async def test_a_route_that_cannot_be_is_a_problem(
    api: Api, change: dict[str, Any], status: int, reason: str
) -> None:
    answer = await create(api, **change)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert reason in answer.json()["detail"]
    assert await api.book.routes() == []


async def test_a_route_of_the_configuration_is_shown_and_not_changed(api: Api) -> None:
    shown = (await api.ask("root", "GET", "/v1/routes/archive")).json()
    body = {"sink": "console"}
    changed = await api.ask("root", "PUT", "/v1/routes/archive", json=body)
    gone = await api.ask("root", "DELETE", "/v1/routes/archive")

    assert shown["origin"] == "configuration"
    assert (changed.status_code, gone.status_code) == (404, 409)


async def test_any_route_waits_and_goes_on(api: Api) -> None:
    await api.inbox.register([RouteStart(route="archive")])
    await create(api, paused=True)
    seen = {}
    for verb in ("pause", "resume"):
        for name in ("archive", "mine"):
            answer = await api.ask("ops", "POST", f"/v1/routes/{name}/{verb}")
            seen[name, verb] = answer.json()["paused"]
    flows = {one.route: one.flow for one in await api.inbox.flows()}

    assert seen == {(n, v): v == "pause" for n in ("archive", "mine") for v in ("pause", "resume")}
    assert flows == {"archive": "running", "mine": "running"}


async def test_a_page_leads_to_the_next(api: Api, entry: Any) -> None:
    await api.inbox.append([entry(id=f"e{number}") for number in range(5)])
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = (await api.ask("root", "GET", "/v1/events", params={"limit": 2} | cursor)).json()
        seen += [event["id"] for event in page["events"]]
        if "cursor" not in page:
            break
        cursor = {"cursor": page["cursor"]}

    assert seen == ["e4", "e3", "e2", "e1", "e0"]


async def test_what_one_dialect_makes_the_others_show(api: Api) -> None:
    integration = {"service_name": "w", "endpoint_name": "lake", "integration_enabled": True}
    await api.ask("root", "POST", "/v1/admin/webhook_integration", json=integration)
    kind = "rmaker.event.node_connected"
    natively = {"level": "system", "type": kind, "enabled": True, "routes": ["w"]}
    await api.ask("root", "PUT", "/v1/filters", json=natively)
    hook = {"name": "h", "topic": "datum/agg/update", "serviceIdentifier": "http"}
    hook["serviceProperties"] = {"url": URL}  # type: ignore[assignment]
    made = (await api.ask("ann", "POST", HOOKS, json=hook)).json()["data"]

    routes = (await api.ask("root", "GET", "/v1/routes")).json()["routes"]
    forms = {route["name"]: route["form"] for route in routes}
    filters = (await api.ask("root", "GET", "/v1/admin/event_filter")).json()["event_filters"]
    paused = await api.ask("root", "POST", "/v1/routes/w/pause")
    listed = (await api.ask("root", "GET", "/v1/admin/webhook_integration")).json()
    mine = (await api.ask("ann", "GET", "/v1/routes")).json()["routes"]
    gone = await api.ask("root", "DELETE", f"/v1/routes/hook-{made['id']}")
    hooks = (await api.ask("ann", "GET", HOOKS)).json()["data"]

    assert forms == {"archive": "route", "w": "integration", f"hook-{made['id']}": "hook"}
    assert filters[0] == {
        "event_type": kind,
        "entity_id": f"system.{kind}",
        "entity_type": "System",
        "enabled": True,
        "enabled_for_integrations": ["w"],
    }
    assert paused.status_code == 200
    assert listed["webhook_integrations"] == [integration | {"integration_enabled": False}]
    assert [route["name"] for route in mine] == [f"hook-{made['id']}"]
    assert gone.status_code == 204
    assert hooks == []


async def test_the_trail_tells_who_changed_what(api: Api) -> None:
    await create(api)
    await api.ask("root", "POST", "/v1/routes/mine/pause")
    await api.ask("root", "DELETE", "/v1/routes/mine")
    entries = (await api.ask("ops", "GET", "/v1/audit", params={"name": "mine"})).json()["entries"]

    assert [(one["who"], one["action"]) for one in entries] == [
        ("root", "remove route"),
        ("root", "have a route paused"),
        ("root", "create route"),
    ]
    assert entries[1]["after"] == {"name": "mine", "flow": "paused"}


async def test_a_revoked_or_expired_token_proves_nothing(api: Api) -> None:
    made = (await api.ask("ann", "POST", "/v1/tokens", json={"days": 1})).json()
    api.tokens["new"] = f"Bearer {made['secret']}"
    before = await api.ask("new", "GET", "/v1/tokens")
    await api.ask("ann", "DELETE", f"/v1/tokens/{made['id']}")
    after = await api.ask("new", "GET", "/v1/tokens")

    assert (before.status_code, after.status_code) == (200, 401)


async def test_forms_speak_the_languages_of_their_authors(api: Api) -> None:
    from receiver.management.specifiers import form
    from receiver.plugins import Plugin, describe
    from receiver.sink import Sink

    class Bell(Sink):
        """Ring."""

        translations = {"de": {"name": "Glocke", "allow_private.key": "Privat"}}

    described = describe(Plugin("bell", "bell", lambda: Bell))
    spoken = [form(described, accepted) for accepted in ("de-CH, en;q=0.5", "fr", "en, de", "")]

    assert [(one.locale, one.title) for one in spoken] == [
        ("de", "Glocke"),
        ("en", "bell"),
        ("en", "bell"),
        ("en", "bell"),
    ]


@pytest.mark.parametrize(
    "body",
    [b"\x93", b'{"days": ' + b"9" * 5000 + b"}", b"[" * 5000, b'{"label": "\\ud800"}', b"", b"{"],
    ids=["no UTF-8", "endless number", "deep", "lone surrogate", "empty", "cut"],
)
@pytest.mark.parametrize("type", ["application/json", "Application/JSON; charset=utf-16"])
async def test_a_body_that_is_no_json_is_a_problem(api: Api, body: bytes, type: str) -> None:
    answer = await api.ask(
        "root", "POST", "/v1/tokens", content=body, headers={"content-type": type}
    )

    assert answer.status_code == 400
    assert "the body is no JSON" in answer.json()["detail"]


@pytest.mark.parametrize("start", ["nope", "0001-01-01T00:00:00+10:00", ""])
async def test_a_start_that_is_no_time_is_a_problem(api: Api, start: str) -> None:
    answer = await create(api, **{"from": start})

    assert answer.status_code == 400
    assert [one.route for one in await api.inbox.places()] == []


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00%2B10:00", "9999-12-31T23:59:59-10:00"])
async def test_a_time_that_there_is_not_is_a_problem(api: Api, time: str) -> None:
    for name in ("since", "until"):
        answer = await api.ask("root", "GET", f"/v1/events?{name}={time}")

        assert answer.status_code == 400
        assert name in answer.json()["detail"]


@pytest.mark.parametrize(
    "raw", [b'{"a":' * 3000 + b"1" + b"}" * 3000, b'{"a": NaN}', b"[1e999]", b"\xff"]
)
async def test_a_payload_that_is_no_json_is_shown_as_text(api: Api, entry: Any, raw: bytes) -> None:
    await api.inbox.append([entry(id="odd", raw=raw, problems=("no JSON",))])
    answer = await api.ask("root", "GET", "/v1/events/odd")

    assert answer.status_code == 200
    assert answer.json()["data"] == raw.decode("utf-8", "backslashreplace")
