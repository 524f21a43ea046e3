"""SNWS2: the published vectors, and what a signed request may not be changed in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.errors import SignatureError
from receiver.signature.snws2 import Request, authorization, http_date, verify

# The tests of sn-common.
THEN = datetime(2017, 4, 25, 14, 30, tzinfo=UTC)
TOKEN, SECRET = "test-token-id", "test-token-secret"


def get(path: str, query: str = "") -> Request:
    return Request("GET", path, query, {"host": "localhost", "date": http_date(THEN)}, b"")


@pytest.mark.parametrize(
    ("request_", "signature"),
    [
        (get("/api/test"), "4739139d3d370f147b6585795c309b1c6d7d7f59943081f7dd943f689cfa59a3"),
        (
            get("/api/query", "foo=bar&bim=bam"),
            "c597ed8061d9d12e12ead3d8d6fc03b28a877e8639548f31556b4760be09a4b8",
        ),
    ],
)
def test_the_published_vectors_come_out(request_: Request, signature: str) -> None:
    assert authorization(request_, TOKEN, SECRET, THEN).endswith(f"Signature={signature}")


HOOKS = "/solaruser/api/v1/sec/user/event/node/hooks"


def hook(host: str = "data.solarnetwork.net:443") -> tuple[Request, datetime]:
    at = datetime(2025, 6, 16, 3, 4, 5, tzinfo=UTC)
    headers = {
        "host": host,
        "x-sn-date": http_date(at),
        "content-type": "application/json",
        "digest": "sha-256=dFH9M3ZdjjAQLcNCg2DAiaezwg7+ol6oXR7tW+AhL4U=",
    }
    return Request("POST", HOOKS, "", headers, b'{"name":"agg","topic":"datum/agg/update"}'), at


def test_a_signed_body_comes_out_as_computed_elsewhere() -> None:
    request, at = hook()
    signature = "61a61b0adf670cca65853831567d21ed844e764b42aa31686d9456d0ed5dd2c7"

    assert authorization(request, "t", "shhh-not-a-secret", at).endswith(signature)


def signed(request: Request, at: datetime) -> Request:
    header = authorization(request, "t", "shhh", at)
    return replace(request, headers={**request.headers, "authorization": header})


def test_a_signed_request_is_its_tokens() -> None:
    request, at = hook()

    assert verify(signed(request, at), {"t": "shhh"}.get, at) == "t"


def test_a_host_that_a_proxy_gave_a_port_is_the_same_host() -> None:
    request, at = hook("data.example:443")
    sent = signed(request, at)
    arrived = replace(sent, headers={**sent.headers, "host": "data.example"})

    assert verify(arrived, {"t": "shhh"}.get, at) == "t"


@pytest.mark.parametrize("days", [0, 1, 6])
def test_a_key_of_the_last_days_serves(days: int) -> None:
    request, at = hook()
    key_day = at - timedelta(days=days)
    from receiver.signature import snws2

    message = snws2._message(request, sorted(request.headers), request.headers["host"], at)
    signature = snws2._signature(snws2._key("shhh", key_day.date()), message)
    names = ";".join(sorted(request.headers))
    header = f"SNWS2 Credential=t,SignedHeaders={names},Signature={signature}"
    sent = replace(request, headers={**request.headers, "authorization": header})

    assert verify(sent, {"t": "shhh"}.get, at) == "t"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"body": b"{}"}, "mismatch"),
        ({"path": HOOKS + "/1"}, "mismatch"),
        ({"query": "a=b"}, "mismatch"),
        ({"method": "DELETE"}, "mismatch"),
    ],
)
def test_what_is_changed_on_the_way_proves_nothing(change: dict[str, object], reason: str) -> None:
    request, at = hook()

    with pytest.raises(SignatureError, match=reason):
        verify(replace(signed(request, at), **change), {"t": "shhh"}.get, at)


def test_an_unknown_token_proves_nothing() -> None:
    request, at = hook()

    with pytest.raises(SignatureError, match="mismatch"):
        verify(signed(request, at), {}.get, at)


@pytest.mark.parametrize("minutes", [-16, 16])
def test_an_old_signature_proves_nothing(minutes: int) -> None:
    request, at = hook()

    with pytest.raises(SignatureError, match="stale"):
        verify(signed(request, at), {"t": "shhh"}.get, at + timedelta(minutes=minutes))


@pytest.mark.parametrize("name", ["host", "x-sn-date", "content-type", "digest"])
def test_what_must_be_signed_is(name: str) -> None:
    request, at = hook()
    some = {key: value for key, value in request.headers.items() if key != name}
    partly = replace(request, headers={"host": "data.solarnetwork.net:443", **some})
    header = authorization(partly, "t", "shhh", at).replace("host;" if name == "host" else "\0", "")
    sent = replace(request, headers={**request.headers, "authorization": header})

    with pytest.raises(SignatureError):
        verify(sent, {"t": "shhh"}.get, at)


@given(st.text(max_size=200))
def test_any_authorization_is_a_signature_error_or_nothing_else(text: str) -> None:
    request, at = hook()
    sent = replace(request, headers={**request.headers, "authorization": text})

    with pytest.raises(SignatureError):
        verify(sent, {"t": "shhh"}.get, at)
