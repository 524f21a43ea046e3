"""Writes batches of events as objects.

Must not know: anything of Receiver but its public names.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlsplit

from receiver import Event, Reject, Retry, Sink, hookimpl
from receiver_s3.doubts import Doubts
from receiver_s3.objects import ENCODINGS, Line, grouped, key, line, packed
from receiver_s3.settings import S3Settings

NEVER = frozenset({"EntityTooLarge", "KeyTooLongError"})
"""Failures that no waiting cures; of the others an operator may put right what is wrong."""
MISSING = frozenset({"404", "NoSuchBucket"})
ABSENT = MISSING | {"403", "NoSuchKey"}
"""There is no such object: who may not list a bucket is told 403 of what is not there."""

Outcome = bool | Exception | None


class S3(Sink):
    """Keep events in S3, as JSON lines under keys by time."""

    class Settings(S3Settings):
        """Which bucket, under which keys, and what of an event is written."""

    settings: Settings

    async def open(self) -> None:
        """Connect, and make sure that the bucket is there. Raises Retry where it is not."""
        # botocore opens a socket when it is imported, which importing a sink must not.
        from receiver_s3.connection import FAILURES, client, code

        self._failures, self._code = FAILURES, code
        self._body = self.settings.shape()
        self._doubts = Doubts()
        self._stack = AsyncExitStack()
        try:
            if self.settings.endpoint is not None:
                # An address that is written as a number is looked up by nobody.
                place = urlsplit(self.settings.endpoint)
                await self.addresses(place.hostname or "", place.port or 443)
            self._client = await self._stack.enter_async_context(
                client(self.settings, self.addresses)
            )
            await self._client.head_bucket(Bucket=self.settings.bucket)
        except FAILURES as error:
            if code(error) == "403":
                return  # who may write need not be allowed to look
            await self._stack.aclose()
            gone = f"there is no bucket {self.settings.bucket}"
            raise Retry(gone if code(error) in MISSING else self._told(error)) from None

    async def close(self) -> None:
        """Disconnect."""
        await self._stack.aclose()

    @hookimpl
    async def on_batch(self, events: list[Event[Any]]) -> list[Outcome]:
        """Write the events, and return when S3 has confirmed every object of them."""
        outcomes = await self._looked_for(events)
        lines = []
        for event in events:
            if event.id in outcomes:
                continue
            try:
                lines.append(Line(event, line(self._body.render(event))))
            except Reject as error:
                outcomes[event.id] = error
        for place, together in grouped(lines, self.settings.partition).items():
            outcome = await self._put(place, together)
            outcomes.update((each.event.id, outcome) for each in together)
        return [outcomes[event.id] for event in events]

    async def _looked_for(self, events: list[Event[Any]]) -> dict[str, Outcome]:
        """What is known by now of the events that an answer was lost for.

        A key is made of what is under it, so an object that is there holds all of its events.
        """
        outcomes: dict[str, Outcome] = {}
        for name, ids in self._doubts.of([event.id for event in events]).items():
            try:
                await self._client.head_object(Bucket=self.settings.bucket, Key=name)
            except self._failures as error:
                if self._code(error) not in ABSENT:
                    outcomes.update(dict.fromkeys(ids, Retry(self._told(error))))
                    continue
            else:
                outcomes.update(dict.fromkeys(ids, True))
            self._doubts.settle(ids)
        return outcomes

    async def _put(self, place: str, lines: list[Line]) -> Outcome:
        """Write one object; its outcome is that of all its events."""
        compression = self.settings.compression
        request: dict[str, Any] = {
            "Bucket": self.settings.bucket,
            "Key": key(self.settings.prefix, place, lines, compression),
            "Body": packed(lines, compression),
            "ContentType": "application/x-ndjson",
        }
        if encoding := ENCODINGS[compression]:
            request["ContentEncoding"] = encoding
        try:
            await self._client.put_object(**request)
        except self._failures as error:
            if self._code(error) in NEVER:
                return Reject(self._told(error))
            self._doubts.raise_about(request["Key"], [each.event.id for each in lines])
            return Retry(self._told(error))
        return True

    def _told(self, error: Exception) -> str:
        return f"bucket {self.settings.bucket}: {self._code(error)}: {error}"
