"""Users' hooks: the documented example, settings that are shown as digests, signed requests."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from steered import Api

from receiver.decisions import Seal
from receiver.management.hooks import digest
from receiver.signature import snws2

ROOT = "/solaruser/api/v1/sec/user/event/node"
SERVICES = [
    "net.solarnetwork.central.user.event.dest.sqs.SqsUserNodeEventHookService",
    "net.solarnetwork.central.user.datum.event.dest.sqs.SqsUserNodeEventHookService",
]

# The example of the Event Hook API's page, without what the platform adds to it.
EXAMPLE: dict[str, Any] = {
    "name": "SQS Test",
    "topic": "datum/agg/update",
    "nodeIds": [234],
    "sourceIds": ["/power/1"],
    "serviceIdentifier": SERVICES[0],
    "serviceProperties": {
        "region": "us-west-2",
        "queueName": "node-event-dest-test",
        "accessKey": "AAAAAAA555555555FFFF",
        "secretKey": "super.secret.key.here",
    },
}


async def save(api: Api, who: str = "ann", **change: Any) -> dict[str, Any]:
    answer = await api.ask(who, "POST", f"{ROOT}/hooks", json=EXAMPLE | change)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


@pytest.mark.parametrize("service", SERVICES)
async def test_the_documented_hook_works_as_it_stands(api: Api, service: str) -> None:
    shown = await save(api, serviceIdentifier=service)

    assert shown.pop("id") > 0
    assert datetime.fromisoformat(shown.pop("created"))
    secret = shown["serviceProperties"].pop("secretKey")
    found = base64.b64decode(secret.removeprefix("{SSHA-256}"))
    assert found[:32] == hashlib.sha256(b"super.secret.key.here" + found[32:]).digest()
    assert shown == {
        **EXAMPLE,
        "userId": 123,
        "serviceIdentifier": service,
        "serviceProperties": {
            "region": "us-west-2",
            "queueName": "node-event-dest-test",
            "accessKey": "AAAAAAA555555555FFFF",
        },
    }


async def test_a_hook_is_its_users_alone(api: Api) -> None:
    mine = await save(api)

    of_ann = (await api.ask("ann", "GET", f"{ROOT}/hooks")).json()["data"]
    of_bob = (await api.ask("bob", "GET", f"{ROOT}/hooks")).json()["data"]
    one = await api.ask("bob", "GET", f"{ROOT}/hooks/{mine['id']}")
    gone = await api.ask("bob", "DELETE", f"{ROOT}/hooks/{mine['id']}")

    assert [hook["id"] for hook in of_ann] == [mine["id"]]
    assert of_bob == []
    assert (one.status_code, gone.status_code) == (404, 404)
    assert one.json()["success"] is False


def test_a_secret_is_shown_as_the_published_digest() -> None:
    salt = bytes.fromhex("0011223344556677")
    published = "{SSHA-256}3fa2i03G5qY0rdqWnnZEv39nyHgF9QEK0soEwojgNdYAESIzRFVmdw=="

    assert digest("opensesame", salt) == published


@pytest.mark.parametrize("again", [None, "", "{SSHA-256}abc", "left out"])
async def test_a_secret_that_is_not_sent_anew_stays(api: Api, again: str | None) -> None:
    made = await save(api)
    properties = {**EXAMPLE["serviceProperties"], "secretKey": again}
    if again == "left out":
        del properties["secretKey"]
    changed = await save(api, id=made["id"], name="Other", serviceProperties=properties)

    assert changed["name"] == "Other"
    secret = base64.b64decode(changed["serviceProperties"]["secretKey"][10:])
    assert secret[:32] == hashlib.sha256(b"super.secret.key.here" + secret[32:]).digest()


async def test_a_hook_is_replaced_whole(api: Api) -> None:
    made = await save(api)
    body = {**EXAMPLE, "id": made["id"]}
    del body["nodeIds"], body["sourceIds"]
    answer = await api.ask("ann", "POST", f"{ROOT}/hooks", json=body)

    assert "nodeIds" not in answer.json()["data"]
    assert "sourceIds" not in answer.json()["data"]


async def test_services_are_drawn_from_the_sinks_settings(api: Api) -> None:
    services = (await api.ask("ann", "GET", f"{ROOT}/hook/services")).json()["data"]
    found = {service["id"]: service for service in services}

    assert set(SERVICES) <= set(found)
    specifiers = {one["key"]: one for one in found[SERVICES[0]]["settingSpecifiers"]}
    assert set(specifiers) == {"region", "queueName", "accessKey", "secretKey"}
    assert [key for key, one in specifiers.items() if one["secureTextEntry"]] == ["secretKey"]
    assert specifiers["region"]["type"] == "net.solarnetwork.settings.TextFieldSettingSpecifier"
    messages = found[SERVICES[0]]["localizedInfoMessages"]
    assert {"region.key", "region.desc", "secretKey.key"} <= set(messages)
    assert "jsonl" not in found, "it writes files of this machine"


async def test_topics_are_listed(api: Api) -> None:
    topics = (await api.ask("ann", "GET", f"{ROOT}/topics")).json()["data"]

    assert [topic["id"] for topic in topics] == ["datum/agg/update"]
    assert topics[0]["locale"] == "en"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"topic": "nope"}, "there is no topic 'nope'"),
        ({"serviceIdentifier": "jsonl"}, "there is no service 'jsonl'"),
        ({"sourceIds": ["/a/***"]}, "three stars"),
        ({"serviceProperties": {"nope": 1}}, "has no setting nope"),
        ({"serviceProperties": {"endpoint": "http://10.0.0.1"}}, "has no setting endpoint"),
        # Without keys, the rights of this machine would be used.
        ({"serviceProperties": {"region": "a-b-1", "queueName": "q"}}, "access_key is needed"),
        (
            {"serviceIdentifier": "http", "serviceProperties": {"url": "file:/etc/passwd"}},
            "receiver.toml only",
        ),
        (
            {"serviceIdentifier": "http"}
            | {"serviceProperties": {"url": "http://10.0.0.1/", "allow_private": True}},
            "allow_private is for operators",
        ),
        (
            {"serviceIdentifier": "http"}
            | {"serviceProperties": {"url": "http://a.b/", "template_file": "/etc/passwd"}},
            "template_file names a file",
        ),
        # It would run in the process that delivers, which its sandbox does not keep small.
        (
            {"serviceIdentifier": "http"}
            | {
                "serviceProperties": {
                    "url": "http://a.b/",
                    "body": "template",
                    "template": "{% for a in range(99999) %}{{ a }}{% endfor %}",
                }
            },
            "template is for operators",
        ),
        ({"name": "x" * 65}, "too long"),
    ],
)
async def test_what_cannot_be_saved_is_told(api: Api, change: dict[str, Any], reason: str) -> None:
    answer = await api.ask("ann", "POST", f"{ROOT}/hooks", json=EXAMPLE | change)

    assert answer.status_code in (400, 403)
    assert answer.json()["success"] is False
    assert reason in answer.json()["message"]
    assert await api.book.routes() == []


async def test_a_signed_request_is_its_tokens_users(api: Api) -> None:
    made = await save(api)
    token, secret = await api.accounts.grant("ann", signing=True, who="test")
    at = datetime.now(UTC)
    headers = {"host": "admin", "x-sn-date": snws2.http_date(at)}
    request = snws2.Request("GET", f"{ROOT}/hooks", "", headers, b"")
    signed = headers | {"authorization": snws2.authorization(request, token.id, secret, at)}

    answer = await api.ask(None, "GET", f"{ROOT}/hooks", headers=signed)
    forged = await api.ask(None, "GET", f"{ROOT}/topics", headers=signed)

    assert [hook["id"] for hook in answer.json()["data"]] == [made["id"]]
    assert forged.status_code == 401


async def test_a_secret_that_cannot_be_opened_keeps_out_its_own_signer_only(
    api: Api, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    other = Seal(tmp_path / "elsewhere", {})
    lost, _ = await api.accounts.grant("bob", signing=True, who="test")
    await api.book.put(
        msgspec.structs.replace(lost, sealed=other.seal("x")), who="test", action="restore"
    )

    await test_a_signed_request_is_its_tokens_users(api)


async def test_a_signing_secret_is_no_token(api: Api) -> None:
    _, secret = await api.accounts.grant("ann", signing=True, who="test")
    answer = await api.ask(None, "GET", f"{ROOT}/hooks", headers={"authorization": secret})

    assert answer.status_code == 401
