"""From the body of an SQS message to the platform's own bytes: what SNS wrapped is unwrapped.

Format: Amazon SNS developer guide, "Sending to SQS"; raw delivery and other senders wrap nothing.
Must not know: queues.
"""

from __future__ import annotations

import json
from typing import Any

from receiver import Message


def message(body: str, sqs_id: str) -> Message:
    """The message in a body. Its key is the id of the notification, else that of SQS.

    Both are the same each time that the message is handed out. Where access to the queue is the
    proof, a signature of SNS is not looked at.
    """
    found = notification(body)
    if found is None:
        return Message(body.encode("utf-8", "surrogatepass"), key=sqs_id)
    around = {name: value for name, value in found.items() if isinstance(value, str)}
    inner = around.pop("Message")
    return Message(inner.encode("utf-8", "surrogatepass"), key=found["MessageId"], envelope=around)


def notification(body: str) -> dict[str, Any] | None:
    """The notification of SNS that a body is; None for anything else."""
    if '"Notification"' not in body or '"TopicArn"' not in body:
        return None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("Type") != "Notification":
        return None
    wanted = ("MessageId", "TopicArn", "Message")
    return found if all(isinstance(found.get(name), str) for name in wanted) else None
