"""Records of an AWS Lambda invocation: what SNS or SQS hands to a function, as events.

AWS Lambda Developer Guide, "Using Lambda with Amazon SNS" and "… with Amazon SQS". Nothing is
proved here: who may invoke the function is said by its permissions. Must not know: what becomes of
an event, how a function answers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from receiver.signature import sns

_ENVELOPE = ("MessageId", "TopicArn", "Timestamp", "Subject")


class Record(msgspec.Struct, frozen=True):
    """One record; it holds one event."""

    id: str
    """What the transport calls it, also when it comes again."""
    queued: bool
    """Whether it is of a queue, which takes single records back."""
    raw: bytes
    """The platform's own bytes."""
    envelope: Mapping[str, str]
    """See receiver.locator.Envelope."""


def records(event: Any) -> list[Record]:
    """The records of an invocation. Raises ValueError for what SNS and SQS do not send."""
    found = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(found, list):
        raise ValueError("the event has no Records: subscribe the function to SNS or SQS")
    return [_record(record) for record in found]


def _record(record: Any) -> Record:
    if isinstance(record, Mapping) and isinstance(record.get("Sns"), Mapping):
        message = record["Sns"]
        if not sns.is_message(message):
            raise ValueError("a record of SNS lacks Type, MessageId, TopicArn or Message")
        return Record(message["MessageId"], False, message["Message"].encode(), _envelope(message))
    if isinstance(record, Mapping) and isinstance(record.get("body"), str):
        return _queued(str(record.get("messageId", "")), record["body"])
    raise ValueError("a record is neither of SNS nor of SQS")


def _queued(id: str, body: str) -> Record:
    """A record of a queue: a message of SNS that was put into it, or the platform's own text."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if sns.is_message(value):
        return Record(id, True, value["Message"].encode(), _envelope(value))
    return Record(id, True, body.encode(), {"MessageId": id} if id else {})


def _envelope(message: Mapping[str, Any]) -> dict[str, str]:
    found = {name: message.get(name) for name in _ENVELOPE}
    return {
        name: value
        for name, value in found.items()
        # Lambda writes None where there is no subject.
        if isinstance(value, str) and (name, value) != ("Subject", "None")
    }
