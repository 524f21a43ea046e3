"""Amazon SNS, as far as it matters here: a key, its certificate, and signed messages of every type.

The signing is written here anew, from the developer guide, so that it does not share a mistake with
what it tests.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from receiver import notices
from receiver.keyring import SnsTrust, SourceKeys
from receiver.notices import Notices
from receiver.replies import Refused
from receiver.sources.sns import Sns
from receiver.sources.sns.asking import Asker, NoAnswer

NOW = datetime(2026, 1, 15, 8, 30, 5, tzinfo=UTC)
TOPIC = "arn:aws:sns:us-east-1:111122223333:esp_rainmaker_sns_node_connected"
FILE = "SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
EVENT = (
    '{"EventVersion":"v1","Id":"RainmakerEventId","EventType":"rmaker.event.node_connected",'
    '"Timestamp":"01-15-2026 08:30:00","EventData":{"UserId":"u-41","NodeId":"n-7",'
    '"Connected":true}}'
)
TOKEN = "2336412f37fb687f5d51e6e2425ba1f30c2b7a3f"
NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


def make_certificate(
    key: RSAPrivateKey,
    name: str = "sns.amazonaws.com",
    begins: datetime = NOW - timedelta(days=30),
    ends: datetime = NOW + timedelta(days=300),
) -> bytes:
    """A certificate in PEM, as AWS names and dates them."""
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Amazon")]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM)


@dataclass
class Amazon:
    """One region of SNS."""

    key: RSAPrivateKey
    host: str = "sns.us-east-1.amazonaws.com"
    topic: str = TOPIC
    file: str = FILE
    pem: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.pem = make_certificate(self.key)

    def signed(self, message: Mapping[str, Any], version: str = "2") -> dict[str, Any]:
        """`message` with its signature."""
        names = NOTIFICATION if message["Type"] == "Notification" else CONFIRMATION
        text = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
        algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
        signature = self.key.sign(text.encode(), padding.PKCS1v15(), algorithm)
        return {
            **message,
            "SignatureVersion": version,
            "Signature": base64.b64encode(signature).decode(),
            "SigningCertURL": f"https://{self.host}/{self.file}",
        }

    def notification(
        self, event: str = EVENT, at: datetime = NOW, version: str = "2", **changed: Any
    ) -> dict[str, Any]:
        """A signed notification; `changed` before it is signed."""
        message = {
            "Type": "Notification",
            "MessageId": "0d5d9c7e-6f1b-5a0a-9f0c-1c2d3e4f5a6b",
            "TopicArn": self.topic,
            "Message": event,
            "Timestamp": written(at),
            "UnsubscribeURL": f"https://{self.host}/?Action=Unsubscribe",
            "MessageAttributes": {"event_type": {"Type": "String", "Value": "anything"}},
        }
        return self.signed({**message, **changed}, version)

    def confirmation(
        self,
        type: str = "SubscriptionConfirmation",
        at: datetime = NOW,
        version: str = "2",
        **changed: Any,
    ) -> dict[str, Any]:
        """A signed question whether a subscription is wanted, or was to be ended."""
        message = {
            "Type": type,
            "MessageId": "0d5d9c7e-6f1b-5a0a-9f0c-1c2d3e4f5a6c",
            "Token": TOKEN,
            "TopicArn": self.topic,
            "Message": "You have chosen to subscribe to the topic.\nTo confirm, visit the URL.",
            "SubscribeURL": (
                f"https://{self.host}/?Action=ConfirmSubscription&TopicArn={self.topic}"
                f"&Token={TOKEN}"
            ),
            "Timestamp": written(at),
        }
        return self.signed({**message, **changed}, version)


def written(at: datetime) -> str:
    """A time as SNS writes it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def encoded(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message).encode()


class Aws(Asker):
    """AWS: hands out certificates, takes confirmations, and remembers what it was asked."""

    def __init__(self, certificates: dict[str, bytes]) -> None:
        super().__init__()
        self.certificates = certificates
        self.asked: list[str] = []
        self.down = False

    async def get(self, url: str, *, allow_private: bool) -> bytes:
        self.asked.append(url)
        if self.down:
            raise NoAnswer("down")
        if "Action=ConfirmSubscription" in url:
            return b"<ConfirmSubscriptionResponse/>"
        if url not in self.certificates:
            raise NoAnswer("sns answers 404")
        return self.certificates[url]

    @property
    def confirmed(self) -> list[str]:
        return [url for url in self.asked if "Action" in url]


@dataclass
class Desk:
    """An opener of deliveries with its notices, and AWS on the other side."""

    amazon: Any
    folder: Path
    now: Any
    trust: SnsTrust = field(init=False)

    def __post_init__(self) -> None:
        amazon = self.amazon
        self.aws = Aws({f"https://{amazon.host}/{amazon.file}": amazon.pem})
        self.sns = Sns(Notices(self.folder), self.aws)
        self.trust = SnsTrust(("arn:aws:sns:us-east-1:111122223333:esp_rainmaker_sns_*",))

    async def open(self, message: Any, headers: Any = (), **keys: Any) -> Any:
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        held = SourceKeys(sns=keys.get("trust", self.trust))
        return await self.sns.open("acme", held, headers, body, self.now)

    async def refusal(self, message: Any, headers: Any = (), **keys: Any) -> str:
        """The reason of a refusal."""
        outcome, detail = await self.open(message, headers, **keys)
        assert isinstance(outcome, Refused)
        assert detail
        return outcome.reason

    @property
    def notices(self) -> list[notices.Notice]:
        return notices.read(self.folder)


@pytest.fixture(scope="session")
def key() -> RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def another_key() -> RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def amazon(key: RSAPrivateKey) -> Amazon:
    return Amazon(key)


@pytest.fixture(scope="session")
def certify() -> Callable[..., bytes]:
    return make_certificate


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture
def make_desk(amazon: Amazon, tmp_path: Path) -> Callable[..., Desk]:
    """A desk; for another region of SNS or another folder, say so."""
    return lambda amazon=amazon, folder=tmp_path: Desk(amazon, folder, NOW)


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    return make_desk()
