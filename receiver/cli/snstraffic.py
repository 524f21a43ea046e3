"""Events as Amazon SNS delivers them, signed by a key that was made here.

Must not know: when they are sent, how a receiver proves them.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from receiver.cli.signing import Request
from receiver.errors import ConfigError, ReceiverError, StoreError

if TYPE_CHECKING:
    from receiver.contract import Contract, EventType, Operation
    from receiver.samples import Sample
    from receiver.settings import Configuration
    from receiver.signature.snssigner import Pair

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
TOPIC = "simulated"
"""Of event types for which the contract names none."""


class Delivered:
    """One subscription of a URL to every topic of a source."""

    name = "SNS"

    def __init__(self, found: Configuration, contract: Contract, source: str) -> None:
        """Raises ReceiverError where the source has no path for it, or there is no key."""
        from receiver.signature import snssigner

        paths = [o for o in contract.operations if (o.source, o.transport) == (source, "sns")]
        if not paths:
            raise ReceiverError(f"the contract has no path for deliveries of SNS to {source}")
        self._found = found
        self._source = source
        self._operation = replace(paths[0], key=None)  # its key is that of the envelope
        self._pair = _pair(found, source)
        self._signer = snssigner.Signer(self._pair)
        self._topics = {e.name: e.topic or TOPIC for e in contract.events if e.source == source}
        self._made = 0

    def operation(self, event: EventType) -> Operation | None:
        """The one that takes deliveries of SNS."""
        return self._operation if event.name in self._operation.events else None

    def request(self, made: Sample, operation: Operation, body: bytes) -> Request:
        """A notification of its own id; half of them by each version of the signature."""
        from receiver.locator import text
        from receiver.signature import snssigner

        place = made.place()
        type_ = str(text(operation.type.find(place)))
        node = text(operation.node.find(place)) if operation.node is not None else None
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        topic = snssigner.topic(self._topics.get(type_, TOPIC))
        fields = {
            "Type": "Notification",
            "MessageId": str(uuid.uuid4()),
            "TopicArn": topic,
            "Message": body.decode(),
            "Timestamp": now.replace("+00:00", "Z"),
        }
        attributes = {"event_type": type_, **({"node_id": node} if node else {})}
        self._made += 1
        content = self._signer.signed(
            fields,
            "1" if self._made % 2 else "2",
            UnsubscribeURL=f"https://{snssigner.HOST}/?Action=Unsubscribe&SubscriptionArn={topic}"
            f":{SUBSCRIPTION}",
            MessageAttributes={
                name: {"Type": "String", "Value": value} for name, value in attributes.items()
            },
        )
        headers = {
            "Content-Type": "text/plain; charset=UTF-8",
            "User-Agent": "Amazon Simple Notification Service Agent",
            "x-amz-sns-message-type": fields["Type"],
            "x-amz-sns-message-id": fields["MessageId"],
            "x-amz-sns-topic-arn": topic,
            "x-amz-sns-subscription-arn": f"{topic}:{SUBSCRIPTION}",
        }
        return Request(operation.path, headers, content)

    def forged(self, proved: Request, made: Sample) -> Request:
        """The same with a signature that is not its own."""
        message = json.loads(proved.body)
        signature = bytearray(base64.b64decode(message["Signature"]))
        signature[-1] ^= 1
        message["Signature"] = base64.b64encode(signature).decode()
        return Request(proved.path, proved.headers, json.dumps(message).encode())

    def wanting(self, here: bool) -> Sequence[str]:
        """What a receiver that refuses these has to be told, in lines; `here`: it is this one.

        Raises StoreError when the certificate cannot be written.
        """
        from receiver.signature import snssigner

        path = self._found.store_path.parent / self._pair.file
        try:
            path.write_text(self._pair.certificate)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}") from None
        given = self._found.settings.sources.get(self._source) if here else None
        configured = given.sns if given is not None else None
        topics = [*(configured.topics if configured else ()), snssigner.topic("*")]
        folder = (configured.certificates if configured else None) or "certs"
        return [
            "to have that receiver take what is simulated here, copy the certificate",
            f"  {path}",
            f"under the same name into the folder {folder} beside its receiver.toml, and set there",
            f"  [sources.{self._source}.sns]",
            f"  topics = {json.dumps(topics)}",
            f"  certificates = {json.dumps(folder)}",
            "and take both away afterwards; until then whoever has the key here can send to it",
        ]


def _pair(found: Configuration, source: str) -> Pair:
    """The key to sign with: that of `receiver dev`, or one that a receiver has to be told of."""
    from receiver import keptsecrets

    folder = found.store_path.parent
    kept = keptsecrets.read(folder).get(source)
    if (kept is None or kept.sns is None) and source in found.settings.sources:
        kept = keptsecrets.change(
            folder, source, lambda kept: replace(kept, sns=kept.sns or keptsecrets.pair())
        )
    if kept is None or kept.sns is None:
        raise ConfigError(
            f"there is no key of source {source} to sign with as SNS does; start `receiver dev` "
            f"here once, or configure [sources.{source}.sns]"
        )
    return kept.sns
