"""Standard Webhooks: the reference library and we understand each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from receiver import signature
from receiver.keyring import Secret, SourceKeys


def fields(desk: Any, seconds: int = 0, **changed: str) -> list[tuple[str, str]]:
    """What the reference library sends, so many seconds from now, with some headers changed."""
    moment = desk.now + timedelta(seconds=seconds)
    sent = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(desk.standard_secret).sign(
            "msg_1", moment, desk.body.decode()
        ),
    }
    return list((sent | {f"webhook-{name}": value for name, value in changed.items()}).items())


def verify(desk: Any, *headers: tuple[str, str]) -> Any:
    return desk.verify(desk.standard, *headers, keys=desk.standard_keys)


def refusal(desk: Any, *headers: tuple[str, str]) -> Any:
    return desk.refusal(desk.standard, *headers, keys=desk.standard_keys)


def test_what_the_reference_library_signs_is_verified(desk: Any) -> None:
    assert verify(desk, *fields(desk)) == "sw"


def test_what_we_sign_is_verified_by_the_reference_library(desk: Any) -> None:
    [secret], now = desk.standard_keys.secrets, datetime.now(UTC)
    signed = dict(signature.sign(desk.standard, secret, desk.body, now, "msg_2"))

    assert Webhook(desk.standard_secret).verify(desk.body, signed)["type"] == "ping"
    with pytest.raises(WebhookVerificationError):
        Webhook(desk.standard_secret).verify(desk.body + b" ", signed)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_a_timestamp_within_the_tolerance_passes_both_ways(desk: Any, seconds: int) -> None:
    assert verify(desk, *fields(desk, seconds)) == "sw"


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_timestamp_outside_the_tolerance_is_stale_both_ways(desk: Any, seconds: int) -> None:
    assert refusal(desk, *fields(desk, seconds)) == "stale"


@pytest.mark.parametrize("name", ["id", "timestamp", "signature"])
def test_each_of_the_three_headers_must_be_there_once(desk: Any, name: str) -> None:
    sent = fields(desk)
    without = [field for field in sent if field[0] != f"webhook-{name}"]
    twice = [field for field in sent if field not in without] + sent

    assert refusal(desk, *without) == "missing"
    assert refusal(desk, *twice) == "doubled"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"id": "msg_2"}, "mismatch"),
        ({"timestamp": "1768465801"}, "mismatch"),
        ({"timestamp": "-1"}, "malformed"),
        ({"timestamp": "nan"}, "malformed"),
        ({"timestamp": "9" * 400}, "malformed"),
        ({"signature": "v1,"}, "malformed"),
        ({"signature": "v1"}, "malformed"),
        ({"signature": "v2,AAAA"}, "malformed"),
        ({"signature": "v1," + "A" * 43 + "="}, "mismatch"),
        ({"signature": " ".join(["v1," + "A" * 43 + "="] * 17)}, "malformed"),
    ],
)
def test_a_changed_request_is_refused(desk: Any, changed: dict[str, str], reason: str) -> None:
    assert refusal(desk, *fields(desk, **changed)) == reason


def test_one_signature_of_a_list_is_enough(desk: Any) -> None:
    good = dict(fields(desk))["webhook-signature"]

    assert verify(desk, *fields(desk, signature=f"v1a,x v1,{'A' * 43}= {good}")) == "sw"


def test_the_headers_take_their_start_from_the_scheme(desk: Any) -> None:
    scheme = replace(desk.standard, header="Svix-Signature")
    [secret] = desk.standard_keys.secrets
    signed = signature.sign(scheme, secret, desk.body, desk.now, "m")

    assert [name for name, _ in signed] == ["Svix-id", "Svix-timestamp", "Svix-Signature"]
    assert desk.verify(scheme, *signed, keys=desk.standard_keys) == "sw"


def test_a_secret_that_is_not_base64_proves_nothing_and_is_reported_unseen(desk: Any) -> None:
    keys = SourceKeys(secrets=(Secret("typo", b"whsec_not base64!"),))
    [problem] = signature.problems([(desk.standard,)], keys)

    assert "typo" in problem
    assert "not base64!" not in problem
    assert desk.refusal(desk.standard, *fields(desk), keys=keys) == "mismatch"
