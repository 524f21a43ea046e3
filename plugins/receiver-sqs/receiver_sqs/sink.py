"""Sends events to a queue, ten in a request; each has an outcome of its own.

Must not know: anything of Receiver but its public names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from pydantic import Field

from receiver import BodySettings, Event, Reject, Retry, Sink, hookimpl
from receiver_sqs.queue import Access, Queue

MOST = 10
LARGEST = 262_144
"""Bytes of a message, and of all in one request (SQS quotas; newer queues take more)."""
ATTRIBUTES = 512
"""Bytes that the attributes of one message take at most."""
ANSWER_SECONDS = 20.0

Outcome = Retry | Reject | None

_WORD = re.compile(r"[A-Za-z0-9!-/:-@\[-`{-~]{1,128}")
"""What SQS takes as a group or a deduplication id."""
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no SQS message may hold (SendMessage, MessageBody)."""


class Sqs(Sink):
    """Send events to an Amazon SQS queue."""

    class Settings(Access, BodySettings):
        """Which queue, and what of an event is sent."""

        attributes: bool = Field(
            default=False,
            description="Whether `source`, `type`, `id` and `node` go along as message attributes;"
            " SolarNetwork sends none.",
        )
        group: str | None = Field(
            default=None,
            description="The message group of a FIFO queue; by default the event's node, so that"
            " each device keeps its order.",
        )

    settings: Settings

    async def open(self) -> None:
        """Connect, and find the queue."""
        self._body = self.settings.shape()
        self._queue = Queue(self.settings, self.addresses)
        await self._queue.open(wait=ANSWER_SECONDS)

    async def close(self) -> None:
        """Disconnect."""
        if hasattr(self, "_queue"):
            await self._queue.close()

    @hookimpl
    async def on_batch(self, events: Sequence[Event[Any]]) -> list[Outcome]:
        """Send events in order; one outcome each.

        A route never hands over two events of one node at once, so one that failed is not overtaken
        within its group.
        """
        outcomes: dict[str, Outcome] = {}
        entries: list[dict[str, Any]] = []
        for event in events:
            try:
                entries.append(self._entry(event))
            except Reject as reject:
                outcomes[event.id] = reject
        for some in _requests(entries):
            outcomes |= await self._send(some)
        return [outcomes[event.id] for event in events]

    async def _send(self, entries: list[dict[str, Any]]) -> dict[str, Outcome]:
        by_number = {str(number): entry for number, entry in enumerate(entries)}
        request = [
            {**{k: v for k, v in entry.items() if k != "event"}, "Id": number}
            for number, entry in by_number.items()
        ]
        try:
            answer = await self._queue.client.send_message_batch(
                QueueUrl=self._queue.url, Entries=request
            )
        except self._queue.failures as error:
            said = self._queue.worded(error)
            return {entry["event"]: Retry(said) for entry in entries}
        outcomes: dict[str, Outcome] = {
            by_number[each["Id"]]["event"]: None for each in answer.get("Successful", ())
        }
        for each in answer.get("Failed", ()):
            outcomes[by_number[each["Id"]]["event"]] = _failure(each)
        for entry in entries:  # what an answer leaves out was not confirmed
            outcomes.setdefault(entry["event"], Retry("the answer says nothing of it"))
        return outcomes

    def _entry(self, event: Event[Any]) -> dict[str, Any]:
        """What is sent of an event. Raises Reject when SQS could never take it."""
        body = self._body.render(event).decode("utf-8")
        if not body:
            raise Reject("SQS takes no empty message")
        if found := _UNWRITABLE.search(body):
            raise Reject(f"SQS takes no message with the character U+{ord(found[0]):04X}")
        if len(body.encode()) > LARGEST - ATTRIBUTES:
            raise Reject(f"the message has more than {LARGEST - ATTRIBUTES} bytes")
        entry: dict[str, Any] = {"event": event.id, "MessageBody": body}
        if self.settings.attributes:
            told = {"source": event.source, "type": event.type, "id": event.id, "node": event.node}
            entry["MessageAttributes"] = {
                name: {"DataType": "String", "StringValue": _UNWRITABLE.sub("?", value)[:64]}
                for name, value in told.items()
                if value
            }
        if self._queue.place.fifo:
            group = self.settings.group or event.node or event.source
            entry["MessageGroupId"] = word(group)
            entry["MessageDeduplicationId"] = word(event.id)
        return entry


def word(text: str) -> str:
    """A text as SQS takes it for a group or a deduplication id; a hash of any other."""
    return (
        text if _WORD.fullmatch(text) else sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    )


def _requests(entries: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Entries in order, as many in each request as it takes."""
    some: list[dict[str, Any]] = []
    size = 0
    for entry in entries:
        weight = len(entry["MessageBody"].encode()) + ATTRIBUTES
        if some and (len(some) == MOST or size + weight > LARGEST):
            yield some
            some, size = [], 0
        some.append(entry)
        size += weight
    if some:
        yield some


def _failure(failed: dict[str, Any]) -> Outcome:
    """What one failed entry means: `SenderFault` says that sending it again would not help."""
    said = f"{failed.get('Code')}: {failed.get('Message', '')}"
    return Reject(said) if failed.get("SenderFault") else Retry(said)
