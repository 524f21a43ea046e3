"""gridX as it sends: its schemes, its rotation, its paths, its odd events."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from receiver.inbox import Query
from receiver.keyring import Keyring, PublicKey, Secret, SourceKeys

SECRET = "whsec_0123456789abcdef"
BODY = (
    b'{"id":"0b9f3c1e-6d1a-4f5e-9a77-3d2f1c0a5b10","type":"ping","source":"/accounts/demo",'
    b'"specVersion":"1.0","time":"2026-01-15T08:30:00Z","data":{"message":"hello"}}'
)
OLD_PLUGGED = {
    "id": "6a4f4a36-52c9-4d1e-8a39-0b2c7b9a1f20",
    "source": "/systems/5b1c2d3e-0000-4000-8000-000000000001",
    "specVersion": "1.0",
    "time": "2026-01-15T08:30:00Z",
    "type": "ev/plugged",
    "data": {
        "applianceID": "5b1c2d3e-0000-4000-8000-000000000002",
        "gatewayID": "5b1c2d3e-0000-4000-8000-000000000003",
        "systemID": "5b1c2d3e-0000-4000-8000-000000000001",
        "type": "EVSTATION",
        "evseID": "DE*ACM*E1",
        "state": "plugged",
    },
}
NEW_PLUGGED = {
    **OLD_PLUGGED,
    "id": "6a4f4a36-52c9-4d1e-8a39-0b2c7b9a1f23",
    "data": {
        "issuedAt": "2026-01-15T08:30:58Z",
        "atHome": True,
        "type": "EV",
        "systemID": "5b1c2d3e-0000-4000-8000-000000000001",
        "assetID": "5b1c2d3e-0000-4000-8000-000000000004",
        "gatewayID": "5b1c2d3e-0000-4000-8000-000000000003",
        "state": "PLUGGED",
    },
}
COMMISSIONED = {
    **OLD_PLUGGED,
    "id": "6a4f4a36-52c9-4d1e-8a39-0b2c7b9a1f21",
    "type": "commissioning/done",
    "correlationID": "6a4f4a36-52c9-4d1e-8a39-0b2c7b9a1fff",
    "data": {"systemName": "Home", "gatewaySerialnumber": "D403-000-000-000-001-A-X"},
}


def digest(body: bytes, secret: str = SECRET) -> str:
    return "sha512=" + hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()


def signed(body: bytes, *secrets: str) -> list[tuple[bytes, bytes]]:
    value = ", ".join(digest(body, secret) for secret in secrets or (SECRET,))
    return [(b"x-signature", value.encode())]


class Desk:
    """One receiver that takes what gridX sends."""

    def __init__(self, door: Any) -> None:
        self.door = door

    async def post(self, path: str, body: bytes, headers: Any) -> int:
        return int((await self.door.ask("POST", path, headers=headers, chunks=[body])).status)

    async def kept(self, state: Any = "accepted") -> list[Any]:
        return list(await self.door.inbox.read(Query(state=state)))


@pytest.fixture
def make_desk(make_door: Any) -> Any:
    def make(**keys: Any) -> Desk:
        keys = {"secrets": (Secret("main", SECRET.encode()),), **keys}
        return Desk(make_door(keyring=Keyring({"gridx": SourceKeys(**keys)})))

    return make


@pytest.fixture(scope="module")
def private() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def encoded(event: Any) -> bytes:
    return json.dumps(event).encode()


async def test_the_published_digest_is_that_of_the_secret_as_it_is(make_desk: Any) -> None:
    assert digest(BODY).startswith("sha512=4837aeb124c021c3d85f4ee4112c698d481627c4")
    desk = make_desk()
    assert await desk.post("/gridx/events", BODY, signed(BODY)) == 200
    [kept] = await desk.kept()
    assert (kept.type, kept.secret, kept.raw) == ("ping", "main", BODY)
    bare = SECRET.removeprefix("whsec_")
    assert await desk.post("/gridx/events", BODY, signed(BODY, bare)) == 401


async def test_the_start_of_a_secret_may_be_no_part_of_it(make_desk: Any) -> None:
    desk = make_desk(strip_prefix="whsec_")
    assert await desk.post("/gridx/events", BODY, signed(BODY)) == 401
    bare = SECRET.removeprefix("whsec_")
    assert await desk.post("/gridx/events", BODY, signed(BODY, bare)) == 200


@pytest.mark.parametrize("at", range(5))
async def test_one_of_five_digests_is_enough_wherever_it_stands(make_desk: Any, at: int) -> None:
    desk = make_desk()
    secrets = [f"another-{number}" for number in range(5)]
    assert await desk.post("/gridx/events", BODY, signed(BODY, *secrets)) == 401
    secrets[at] = SECRET
    assert await desk.post("/gridx/events", BODY, signed(BODY, *secrets)) == 200


async def test_five_secrets_may_live_and_an_expired_one_proves_nothing(make_desk: Any) -> None:
    now = datetime.now(UTC)
    ends = [now + timedelta(hours=1), None, now - timedelta(hours=1), None, None]
    secrets = tuple(Secret(f"s{n}", f"secret-{n}".encode(), end) for n, end in enumerate(ends))
    desk = make_desk(secrets=secrets)
    answers = [
        await desk.post("/gridx/events", BODY, signed(BODY, f"secret-{number}"))
        for number in range(5)
    ]
    assert answers == [200, 200, 401, 200, 200]


@pytest.mark.parametrize(
    ("policy", "good", "status"),
    [
        ("first", "hmac", 200),
        ("first", "rsa", 401),
        ("any", "rsa", 200),
        ("any", "hmac", 200),
        ("all", "hmac", 401),
        ("all", "rsa", 401),
        ("all", "both", 200),
    ],
)
async def test_with_both_headers_the_policy_decides(
    make_desk: Any, private: rsa.RSAPrivateKey, policy: str, good: str, status: int
) -> None:
    desk = make_desk(policy=policy, public_keys=(PublicKey("2026", private.public_key()),))

    def body_for(scheme: str) -> bytes:
        return BODY if good in (scheme, "both") else b"another"

    signature = private.sign(body_for("rsa"), padding.PKCS1v15(), hashes.SHA256())
    headers = [
        *((b"x-signature", digest(body_for("hmac")).encode()),),
        *((b"x-signature-rs256", base64.b64encode(signature)),),
    ]
    assert await desk.post("/gridx/events", BODY, headers) == status
    # The header alone proves as well, and without a key of ours nothing.
    alone = await desk.post("/gridx/events", BODY, headers[1:])
    assert alone == (200 if good in ("rsa", "both") else 401)
    assert await make_desk().post("/gridx/events", BODY, headers[1:]) == 401


@pytest.mark.parametrize("event", [OLD_PLUGGED, NEW_PLUGGED], ids=["old", "new"])
@pytest.mark.parametrize("path", ["/gridx/events/ev/plugged", "/gridx/events"])
async def test_a_car_is_plugged_in_in_both_forms_on_both_paths(
    make_desk: Any, event: Any, path: str
) -> None:
    desk = make_desk()
    body = encoded(event)
    assert await desk.post(path, body, signed(body)) == 200
    [kept] = await desk.kept()
    assert kept.type == "ev/plugged"
    assert kept.node == event["data"].get("applianceID", event["data"].get("assetID"))
    decode = desk.door.platforms.catalogue.decoder("gridx", "ev/plugged")
    assert decode(kept.raw).data.state == event["data"]["state"]


@pytest.mark.parametrize("spelling", ["comissioning", "commissioning"])
async def test_the_misspelt_path_is_the_right_one(make_desk: Any, spelling: str) -> None:
    desk = make_desk()
    body = encoded(COMMISSIONED)
    assert await desk.post(f"/gridx/events/{spelling}/done", body, signed(body)) == 200
    [kept] = await desk.kept()
    assert (kept.type, kept.key) == ("commissioning/done", COMMISSIONED["id"])


@pytest.mark.parametrize("spelling", ["correlationID", "correlationId"])
async def test_the_envelope_stays_as_it_is_written(make_desk: Any, spelling: str) -> None:
    desk = make_desk()
    event = {**COMMISSIONED, "dataContentType": "application/json", "further": {"a": [1]}}
    value = event.pop("correlationID")
    body = json.dumps({**event, spelling: value}, indent=1).encode()
    assert await desk.post("/gridx/events", body, signed(body)) == 200
    [kept] = await desk.kept()
    assert kept.raw == body
    data = desk.door.platforms.catalogue.decoder("gridx", kept.type)(kept.raw)
    assert (data.specVersion, data.dataContentType) == ("1.0", "application/json")
    assert data.correlationId == value
    assert data.extra == {"further": {"a": [1]}}


async def test_the_type_in_the_body_counts_and_not_the_path(make_desk: Any) -> None:
    desk = make_desk()
    body = encoded(NEW_PLUGGED)
    assert await desk.post("/gridx/events/appliance/online", body, signed(body)) == 200
    assert [kept.type for kept in await desk.kept()] == ["ev/plugged"]


async def test_a_type_of_tomorrow_is_kept_and_answered_200(make_desk: Any) -> None:
    desk = make_desk()
    body = encoded({**NEW_PLUGGED, "type": "webhook/failed"})
    assert await desk.post("/gridx/events", body, signed(body)) == 200
    assert [kept.type for kept in await desk.kept("quarantined")] == ["webhook/failed"]
