"""Messages of Amazon SNS: what is signed of them, and whether a key has signed it.

Amazon SNS Developer Guide, "Verifying the signatures of Amazon SNS messages" and "HTTP/HTTPS
notification JSON format". Pure. Must not know: HTTP, how a certificate is obtained, which topics
are allowed.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm

from receiver.errors import SignatureError

NOTIFICATION = "Notification"
SUBSCRIPTION = "SubscriptionConfirmation"
UNSUBSCRIPTION = "UnsubscribeConfirmation"

_OF_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_OF_CONFIRMATION = (
    *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
)
SIGNED = {
    NOTIFICATION: _OF_NOTIFICATION,
    SUBSCRIPTION: _OF_CONFIRMATION,
    UNSUBSCRIPTION: _OF_CONFIRMATION,
}
"""The names that are signed, by type of message, in the order in which they are signed."""

_UNSIGNED = ("Signature", "SignatureVersion", "SigningCertURL")
HASHES: Mapping[str, type[HashAlgorithm]] = {"1": SHA1, "2": SHA256}
"""By SignatureVersion; every other version is refused."""

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)
_ARN = re.compile(r"arn:[a-z0-9-]+:sns:(?P<region>[a-z0-9-]+):\d{12}:[A-Za-z0-9_-]+(\.fifo)?", re.A)
LONGEST_FIELD = 2048
"""Characters of every value but the message's own text."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of SNS whose parts are all there and of the right form; nothing is proved yet."""

    fields: Mapping[str, str]
    """The signed names and their values, decoded; no `Subject` where none was sent."""
    signature: bytes
    version: str
    certificate_url: str
    at: datetime
    region: str
    """That of the topic."""

    @property
    def type(self) -> str:
        """NOTIFICATION, SUBSCRIPTION or UNSUBSCRIPTION."""
        return self.fields["Type"]

    @property
    def topic(self) -> str:
        """The ARN of its topic."""
        return self.fields["TopicArn"]

    @property
    def envelope(self) -> dict[str, str]:
        """What a locator may ask of it: the signed values around the event."""
        return {name: value for name, value in self.fields.items() if name != "Message"}

    @property
    def signed(self) -> bytes:
        """The text that is signed."""
        return signed(self.fields)

    def prove(self, key: RSAPublicKey) -> None:
        """Raise SignatureError (`mismatch`) unless the owner of `key` has signed it."""
        try:
            key.verify(self.signature, self.signed, PKCS1v15(), HASHES[self.version]())
        except (InvalidSignature, ValueError):
            raise SignatureError("mismatch") from None


def read(value: Any) -> Message:
    """The message in a decoded body. Raises SignatureError (`malformed`) where there is none.

    No value but the message itself may hold a line end: then the signed text can be taken apart in
    one way only, and nobody can move the border between two values of a text that was signed.
    """
    if not isinstance(value, dict) or not isinstance(value.get("Type"), str):
        raise SignatureError("malformed")
    wanted = [
        name
        for name in SIGNED.get(value["Type"], ())
        if name != "Subject" or value.get(name) is not None
    ]
    for name in (*wanted, *_UNSIGNED):
        if not _is_written(name, value.get(name)):
            raise SignatureError("malformed")
    if not wanted:
        raise SignatureError("malformed")
    fields: dict[str, str] = {name: value[name] for name in wanted}
    arn = _ARN.fullmatch(fields["TopicArn"])
    if arn is None or value["SignatureVersion"] not in HASHES:
        raise SignatureError("malformed")
    return Message(
        fields=fields,
        signature=_decoded(value["Signature"]),
        version=value["SignatureVersion"],
        certificate_url=value["SigningCertURL"],
        at=_moment(fields["Timestamp"]),
        region=arn["region"],
    )


def signed(fields: Mapping[str, str]) -> bytes:
    """The text that is signed: a name and its value, each on a line, in the given order."""
    names = SIGNED[fields["Type"]]
    return "".join(f"{name}\n{fields[name]}\n" for name in names if name in fields).encode()


def is_message(value: Any) -> bool:
    """Whether a decoded body is wrapped by SNS, whoever wrapped it."""
    return isinstance(value, dict) and all(
        isinstance(value.get(name), str) for name in ("Type", "MessageId", "TopicArn", "Message")
    )


def _is_written(name: str, value: Any) -> bool:
    if not isinstance(value, str):
        return False
    return name == "Message" or (0 < len(value) <= LONGEST_FIELD and "\n" not in value)


def _decoded(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text.encode(), strict_mode=True)
    except ValueError:
        raise SignatureError("malformed") from None


def _moment(text: str) -> datetime:
    if not _TIMESTAMP.fullmatch(text):
        raise SignatureError("malformed")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise SignatureError("malformed") from None
