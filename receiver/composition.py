"""Puts together what takes events in and what they are kept in: here and nowhere else.

Must not know: processes, how any part works.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isinf
from typing import TYPE_CHECKING

from receiver import logs, tracing
from receiver.configured import Setup
from receiver.errors import StoreError
from receiver.inbox.sqlite import SqliteInbox, open_store
from receiver.inbox.sqlite.writer import unmeasured
from receiver.settings import Configuration

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from receiver.catalogue import Catalogue
    from receiver.http.door import Limits
    from receiver.http.protocol import Protocol
    from receiver.http.share import Seat
    from receiver.intake import Observer
    from receiver.metrics import Ingest

_log = logging.getLogger("receiver.composition")


@dataclass(frozen=True, slots=True)
class Public:
    """What takes events in, in one process; nothing of it is opened before it is used."""

    found: Configuration
    app: ASGIApp
    counted: Ingest

    def protocol(self, seat: Seat | None = None) -> type[Protocol]:
        """uvicorn's protocol with the configured limits, for the process that asks for it.

        `seat` is its place among the workers that accept from the same socket.
        """
        from receiver.http.lane import Lane
        from receiver.http.protocol import guarded

        desk = self.app if isinstance(self.app, Lane) else None
        return guarded(limits(self.found), self.counted.stranger, seat, desk=desk)


def _nothing_to_do(*_: object) -> None:
    """The default for what is called."""


def limits(found: Configuration) -> Limits:
    """What the public listener grants."""
    from receiver.http.door import Limits
    from receiver.http.proxies import Proxies

    given = found.settings.server
    return Limits(given.connections, idle=given.idle, proxies=Proxies(given.proxies))


def public(
    setup: Setup,
    served: Catalogue,
    environ: Mapping[str, str],
    *,
    notable: Observer,
    stranger: Callable[[int, str, str], None] = _nothing_to_do,
    ready: Callable[[], None] = _nothing_to_do,
) -> Public:
    """The public application, which takes up changed secrets while it is served.

    `notable` is told of what was refused or quarantined, `stranger` (status, method, path) of what
    is about no event; `ready` is called when it is about to serve. Raises ConfigError.
    """
    from receiver.http.app import build
    from receiver.intake import Intake
    from receiver.metrics import Ingest, folder_of
    from receiver.notices import Notices
    from receiver.reloading import follow_keys
    from receiver.sources.sns import Sns

    found = setup.found
    folder = folder_of(found.store_path.parent)
    counted = Ingest(served.contract, folder, notable=notable)
    inbox = open_inbox(found, counted.committed)
    sns = Sns(Notices(found.store_path.parent))
    intake = Intake(
        served,
        setup.keys,
        inbox,
        observer=counted.observe,
        openers={"sns": sns},
        traced=tracing.ACTIVE,
    )
    following: list[asyncio.Task[None]] = []

    async def start() -> None:
        logs.hide(setup.keys.texts())
        try:
            await inbox.open()
        except StoreError as error:  # its disk may come back, and is asked again by each event
            _log.error("%s; events are answered 503 until it can be used", error)
        follow = follow_keys(setup, served.contract, environ, intake)
        following.append(asyncio.create_task(follow))
        ready()

    async def stop() -> None:
        for task in following:
            task.cancel()
        await sns.close()
        await inbox.close()
        counted.flush()

    def strange(status: int, method: str, path: str) -> None:
        counted.stranger(status)
        stranger(status, method, path)

    app = build(
        served,
        intake,
        lane=found.settings.server.lane,
        on_start=start,
        on_stop=stop,
        observe=counted.observe,
        stranger=strange,
    )
    return Public(found, app, counted)


def open_inbox(
    found: Configuration, on_commit: Callable[[float, int], None] | None = None
) -> SqliteInbox:
    """The configured inbox; nothing is read or written before it is used.

    `on_commit`: see receiver.inbox.sqlite.open_store.
    """
    store = found.settings.store
    most = found.settings.retention.hard_limit
    return open_store(
        found.store_path,
        durability=store.durability,
        dedup_window=store.dedup_window,
        dedup_keys=store.dedup_keys,
        hard_limit=None if isinf(most) else int(most),
        on_commit=on_commit or unmeasured,
    )
