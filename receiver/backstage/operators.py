"""What the admin listener serves: health, metrics, contracts, and the API that steers.

The API has a store of its own, on the loop of the listener, and is made when it is first asked for:
what it stands on takes most of a second to load. Must not know: how anything is delivered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from receiver.catalogue import Catalogue
from receiver.composition import open_inbox
from receiver.contract import EventType
from receiver.decisions import Seal
from receiver.dispatch import Route
from receiver.dispatch.probe import head, probe
from receiver.dispatch.selection import patterned
from receiver.errors import StoreError
from receiver.http import admin
from receiver.http.admin import Metrics, Ready
from receiver.management.caller import Refused
from receiver.management.document import document
from receiver.plugins import Plugin
from receiver.settings import Configuration

Present = Callable[[], tuple[Configuration, Mapping[str, Plugin]]]
"""The configuration and the plugins of now."""
Settled = Callable[[int], Awaitable[None]]
"""Returns when what runs goes by the decisions of a revision."""

PROBES = 2
"""Sample events that are under way at a time."""
PATIENCE = 1.0
"""Seconds that the answer to a change waits for the change to be taken up."""


class Operators:
    """The application of one admin listener, and what it holds open."""

    def __init__(
        self,
        found: Configuration,
        catalogue: Catalogue,
        environ: Mapping[str, str],
        present: Present,
        settled: Settled,
        *,
        ready: Ready,
        metrics: Metrics,
        login_refused: Callable[[str], None],
        route: Callable[[str], Route | None],
    ) -> None:
        """`route` is the one of a name that is delivered for now; asked on the listener's loop."""
        self._inbox = open_inbox(found)
        self._folder = found.store_path.parent
        self._catalogue = catalogue
        self._environ = environ
        self._present = present
        self._settled = settled
        self._login_refused = login_refused
        self._api: ASGIApp | None = None
        self._making = asyncio.Lock()
        self._probing = asyncio.Semaphore(PROBES)
        self._route = route
        self.app = admin.build(
            document=catalogue.contract.document,
            ready=ready,
            metrics=metrics,
            management=(document, self._steer),
        )

    async def close(self) -> None:
        """Let go of the store; on the loop that served."""
        await self._inbox.close()

    async def _steer(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._making:
            if self._api is None:
                self._api = await asyncio.to_thread(self._made)
            api = self._api
        changing = scope["type"] == "http" and scope["method"] not in ("GET", "HEAD")
        await api(scope, receive, self._patient(send) if changing else send)

    def _patient(self, send: Send) -> Send:
        """Answers a change when what runs goes by it, so that who asked may rely on it."""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                with suppress(TimeoutError, StoreError):
                    async with asyncio.timeout(PATIENCE):
                        await self._settled(await self._inbox.registry.revision())
            await send(message)

        return answer

    async def _probe(self, name: str, type: str | None) -> dict[str, Any]:
        """Deliver a sample, in a thread with a loop of its own, which a sink may hold up."""
        route = self._route(name)
        if route is None:
            raise Refused(409, f"the route {name!r} cannot be used now; the log says why")
        event = self._sampled(route, type)
        async with self._probing:
            made = await asyncio.to_thread(asyncio.run, probe(route, self._catalogue, event))
        failure = made.failure
        said = (
            ": ".join(part for part in (failure.error, failure.message) if part) if failure else ""
        )
        return {
            "route": made.route,
            "type": made.type,
            "delivered": made.delivered,
            "seconds": round(made.seconds, 3),
            "why": said or made.why,
        }

    def _sampled(self, route: Route, type: str | None) -> EventType:
        wants = patterned(route)
        for event in self._catalogue.contract.events:
            if type in (None, event.name) and wants(head(self._catalogue.contract, event)):
                return event
        raise Refused(400, f"the route wants no event type {type!r}" if type else "it wants none")

    def _made(self) -> ASGIApp:
        from receiver.management.app import Ground, build

        return build(
            Ground(
                present=self._present,
                catalogue=self._catalogue,
                inbox=self._inbox,
                registry=self._inbox.registry,
                seal=Seal(self._folder, self._environ),
                probe=self._probe,
                login_refused=self._login_refused,
            )
        )
