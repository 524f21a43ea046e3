"""Takes messages out of a queue: they are deleted once they are on disk, and not before.

Must not know: how messages become events, where they are kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import Field

from receiver import Batch, Retry, Transport
from receiver_sqs.queue import Access, Queue
from receiver_sqs.unwrapping import message

MOST = 10
"""Messages that SQS hands out, and takes orders for, in one request."""
MARGIN = 20.0
"""Seconds that an answer may take beyond the long poll."""


class SqsPull(Transport):
    """Take messages out of an Amazon SQS queue, those that SNS put there unwrapped."""

    class Settings(Access, Transport.Settings):
        """Which queue, and how it is asked."""

        wait: int = Field(
            default=20, ge=0, le=20, description="Seconds that a request waits for messages."
        )
        visibility: int = Field(
            default=60,
            ge=2,
            le=43_200,
            description="Seconds for which nobody else gets a message that was handed out here;"
            " extended while it is being kept.",
        )
        requests: int = Field(
            default=1,
            ge=1,
            le=20,
            description="Requests under way at the same time; each brings up to 10 messages.",
        )
        delete: bool = Field(
            default=True, description="Whether messages that are on disk here are deleted there."
        )

    scheme = "sqs"

    async def open(self) -> None:
        """Connect, and find the queue."""
        self._holding: asyncio.Task[None] | None = None
        self._queue = Queue(self.settings, self.addresses)
        await self._queue.open(wait=self.settings.wait + MARGIN)

    async def pull(self, cursor: str | None) -> Batch:
        """The messages that lie there now; waits for the first of them."""
        answers = await self._asked(*(self._receive() for _ in range(self.settings.requests)))
        found = [each for answer in answers for each in answer.get("Messages", ())]
        if not found:
            return Batch()
        handles = [each["ReceiptHandle"] for each in found]
        self._holding = asyncio.create_task(self._hold(handles))
        return Batch(
            messages=tuple(message(each["Body"], each["MessageId"]) for each in found),
            receipt=handles,
        )

    async def acknowledge(self, batch: Batch) -> None:
        """Delete the messages. Raises Retry when one of them is left: it will come again."""
        await self._let_go()
        if not self.settings.delete:
            return
        answers = await self._asked(
            *(
                self._queue.client.delete_message_batch(QueueUrl=self._queue.url, Entries=entries)
                for entries in _tens(batch.receipt)
            )
        )
        failed = [each for answer in answers for each in answer.get("Failed", ())]
        if failed:
            raise Retry(
                f"{len(failed)} of {len(batch.receipt)} messages were not deleted"
                f" ({failed[0].get('Code')}); they come again and are recognised"
            )

    async def close(self) -> None:
        """Let messages that were not kept be handed out again, and disconnect."""
        if hasattr(self, "_queue"):
            await self._let_go()
            await self._queue.close()

    def _receive(self) -> Any:
        return self._queue.client.receive_message(
            QueueUrl=self._queue.url,
            MaxNumberOfMessages=MOST,
            WaitTimeSeconds=self.settings.wait,
            VisibilityTimeout=self.settings.visibility,
        )

    async def _asked(self, *requests: Any) -> list[Any]:
        """The answers; every request ends before this does. Raises Retry."""
        answers = await asyncio.gather(*requests, return_exceptions=True)
        good = [answer for answer in answers if not isinstance(answer, BaseException)]
        for answer in answers:
            if isinstance(answer, self._queue.failures):
                if not any(answer.get("Messages") for answer in good):
                    raise Retry(self._queue.worded(answer)) from None
                self.log.warning("a request failed", error=self._queue.worded(answer))
            elif isinstance(answer, BaseException):
                raise answer
        return good

    async def _hold(self, handles: Sequence[str]) -> None:
        """Keep others from getting the messages for as long as keeping them takes."""
        while True:
            await asyncio.sleep(self.settings.visibility / 2)
            for entries in _tens(handles, VisibilityTimeout=self.settings.visibility):
                try:
                    await self._queue.client.change_message_visibility_batch(
                        QueueUrl=self._queue.url, Entries=entries
                    )
                except self._queue.failures as error:
                    # Then they may be handed out twice, and the second time be recognised.
                    self.log.warning("not held", error=self._queue.worded(error))

    async def _let_go(self) -> None:
        holding, self._holding = self._holding, None
        if holding is not None:
            holding.cancel()
            await asyncio.wait([holding])

    @classmethod
    def looking(cls, url: str) -> Mapping[str, Any]:
        """`sqs://REGION/QUEUE`: messages stay in the queue."""
        parts = urlsplit(url)
        name = unquote(parts.path.strip("/"))
        if not parts.netloc or not name:
            raise ValueError("write sqs://REGION/QUEUE, such as sqs://eu-west-1/events")
        return {"region": parts.netloc, "queue": name, "delete": False, "visibility": 10}


def _tens(handles: Sequence[str], **more: Any) -> list[list[dict[str, Any]]]:
    """The entries of batch requests for these messages, ten in each."""
    entries = [
        {"Id": str(number), "ReceiptHandle": handle, **more}
        for number, handle in enumerate(handles)
    ]
    return [entries[start : start + MOST] for start in range(0, len(entries), MOST)]
