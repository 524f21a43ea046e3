"""Standard Webhooks signatures, judged by the reference library."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from receiver_http.signing import key_of, signature
from standardwebhooks import Webhook, WebhookVerificationError

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def headers(secret: str, body: bytes, timestamp: int) -> dict[str, str]:
    return {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(
            key_of(secret), message_id="evt_1", timestamp=timestamp, body=body
        ),
    }


def test_the_reference_library_accepts_a_signature() -> None:
    now = int(datetime.now(UTC).timestamp())
    body = '{"name": "Küche"}'.encode()
    assert Webhook(SECRET).verify(body, headers(SECRET, body, now)) == {"name": "Küche"}


def test_the_reference_library_refuses_it_for_another_body() -> None:
    now = int(datetime.now(UTC).timestamp())
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(b'{"a": 2}', headers(SECRET, b'{"a": 1}', now))


def test_the_example_of_the_reference_library_is_reproduced() -> None:
    # The vector of the Standard Webhooks test suites.
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = signature(
        key,
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_may_lack_its_padding() -> None:
    assert key_of(SECRET.rstrip("=")) == bytes(range(32))


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ("s3cr3t", "starts with whsec_"),
        ("whsec_!!!!", "must be base64"),
        ("whsec_é", "must be base64"),
        ("whsec_", "holds 0 bytes"),
        ("whsec_" + base64.b64encode(b"x" * 23).decode(), "holds 23 bytes"),
        ("whsec_" + base64.b64encode(b"x" * 65).decode(), "holds 65 bytes"),
    ],
)
def test_what_is_no_secret_is_refused_without_repeating_it(secret: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        key_of(secret)
    assert secret.removeprefix("whsec_") not in str(caught.value) or secret == "whsec_"
