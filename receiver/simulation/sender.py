"""Sends a plan's requests at their time, and again by the platform's own rule.

Must not know: how a request is made or signed, what became of an event after its answer.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from receiver.resending import Resending
from receiver.simulation.account import Account, Fate
from receiver.simulation.plan import Sending

AT_ONCE = 64
"""Requests that wait for their answer at the same time."""

QUIET = 1.0
"""Seconds between the progress that is told."""


class Request(Protocol):
    """One signed request (receiver.cli.signing.Request)."""

    @property
    def path(self) -> str: ...
    @property
    def headers(self) -> dict[str, str]: ...
    @property
    def body(self) -> bytes: ...


class Make(Protocol):
    """Makes what is sent. An event's bytes are the same each time that they are asked for."""

    def event(self, number: int) -> Request: ...
    def batch(self, numbers: Sequence[int]) -> Request: ...
    def forgery(self) -> Request: ...


@dataclass
class Sender:
    """One platform; `run` sends everything."""

    target: str
    make: Make
    rule: Resending
    pause: float
    """Seconds between two tries, at most: the rule's own may be longer than anybody would wait."""
    account: Account
    progress: Callable[[str], None]
    batch: int = 0
    """Events of one request, at most; 0: each has one of its own."""

    async def run(self, sendings: Iterable[Sending]) -> None:
        """Send everything, and return when each event is taken or given up."""
        limits = httpx.Limits(max_connections=AT_ONCE)
        async with httpx.AsyncClient(
            base_url=self.target, timeout=self.rule.timeout, limits=limits, trust_env=False
        ) as client:
            telling = asyncio.create_task(self._tell())
            try:
                if self.rule.in_turn or self.batch:
                    await self._in_turn(client, sendings)
                else:
                    await self._at_once(client, sendings)
            finally:
                telling.cancel()

    async def _at_once(self, client: httpx.AsyncClient, sendings: Iterable[Sending]) -> None:
        room = asyncio.Semaphore(AT_ONCE)
        began = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for sending in sendings:
                await asyncio.sleep(max(0.0, began + sending.at - time.monotonic()))
                await room.acquire()
                task = tasks.create_task(self._send(client, sending))
                task.add_done_callback(lambda _: room.release())

    async def _in_turn(self, client: httpx.AsyncClient, sendings: Iterable[Sending]) -> None:
        """One request after the other, each with the events that have come due meanwhile."""
        began = time.monotonic()
        due: list[Sending] = []
        size = max(1, self.batch)
        for sending in sendings:
            if due and (len(due) >= size or began + sending.at > time.monotonic()):
                await self._send_all(client, due)
                due = []
            await asyncio.sleep(max(0.0, began + sending.at - time.monotonic()))
            if sending.kind == "forgery":
                await self._send(client, sending)
            else:
                due.append(sending)
        if due:
            await self._send_all(client, due)

    async def _send_all(self, client: httpx.AsyncClient, due: Sequence[Sending]) -> None:
        numbers = [sending.number for sending in due]
        request = self.make.batch(numbers) if self.batch else self.make.event(numbers[0])
        await self._until_taken(client, request, numbers)

    async def _send(self, client: httpx.AsyncClient, sending: Sending) -> None:
        if sending.kind == "forgery":
            self.account.forgeries += 1
            answer = await self._post(client, self.make.forgery())
            self.account.forged += answer is not None and answer.status_code == 200
            return
        request = self.make.event(sending.number)
        await self._until_taken(client, request, [sending.number])

    async def _until_taken(
        self, client: httpx.AsyncClient, request: Request, numbers: Sequence[int]
    ) -> None:
        """Send by the rule, until it is taken or given up."""
        for number in numbers:
            self.account.fates.setdefault(number, Fate())
        tried = 0
        while True:
            tried += 1
            answer = await self._post(client, request)
            status = None if answer is None else answer.status_code
            decided = self.rule.verdict(status, tried)
            if decided == "taken":
                assert answer is not None
                self._note(answer, numbers)
                return
            if decided == "dropped":
                why = "no answer" if status is None else f"status {status}"
                for number in numbers:
                    self.account.fates[number].dropped = f"{why}, after {tried} tries"
                return
            self.account.again += 1
            await asyncio.sleep(min(self.pause, self.rule.pause or self.pause))

    async def _post(self, client: httpx.AsyncClient, request: Request) -> httpx.Response | None:
        self.account.requests += 1
        began = time.perf_counter()
        try:
            answer = await client.post(request.path, content=request.body, headers=request.headers)
        except httpx.HTTPError as error:
            self.account.statuses[type(error).__name__] += 1
            return None
        self.account.delays.append(time.perf_counter() - began)
        self.account.statuses[str(answer.status_code)] += 1
        return answer

    def _note(self, answer: httpx.Response, numbers: Sequence[int]) -> None:
        """Take down the ids that an answer gives; an answer without them took nothing."""
        said = _said(answer)
        ids = said.get("ids") if self.batch else [said.get("id")]
        if not isinstance(ids, list) or len(ids) != len(numbers) or not all(ids):
            for number in numbers:
                self.account.fates[number].dropped = "answered as taken, without an id"
            return
        if not self.batch:
            self.account.answered(numbers[0], str(ids[0]), str(said.get("status")))
            return
        for number, event_id in zip(numbers, ids, strict=True):
            self.account.answered(number, str(event_id), "of a batch")
        del self.account.words["of a batch"]
        for word in ("accepted", "duplicate", "quarantined"):
            self.account.words[word] += int(said.get(word, 0))

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(QUIET)
            account = self.account
            self.progress(f"{len(account.fates)} events, {account.requests} requests")


def _said(answer: httpx.Response) -> dict[str, Any]:
    try:
        said = json.loads(answer.content)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
