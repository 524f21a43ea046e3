"""Everything beside the web workers: the routes of a configuration, and the loop that delivers.

One process holds the store's lease at a time. Must not know: HTTP, the command line.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from receiver import backoff
from receiver.backoff import Schedule
from receiver.catalogue import Catalogue
from receiver.dispatch import Dispatcher, Route, culprit
from receiver.dispatch import loop as own_loop
from receiver.dispatch.outcome import named, spoken
from receiver.errors import ConfigError, PluginError, ReceiverError, StoreError
from receiver.inbox import Inbox
from receiver.inbox.sqlite import SqliteInbox, open_store
from receiver.keptsecrets import ANOTHER, private_folder
from receiver.plugins import Plugin, SettingError, anchored, autoroute, bind, check
from receiver.secrets import sink_settings
from receiver.settings import Configuration, RetrySettings, nearest_of

LEASE = "backstage.lock"
UPKEEP_SECONDS = 1.0
LEAVING = 10.0
"""Seconds beyond `server.grace` in which routes end their calls, write down and close."""

_log = logging.getLogger("receiver.backstage")


def routes(
    found: Configuration,
    catalogue: Catalogue,
    plugins: Mapping[str, Plugin],
    environ: Mapping[str, str],
) -> list[Route]:
    """The configured routes; where there are none, one for every sink that needs no settings.

    Raises ConfigError with every file of the plugins folder that is no usable plugin, and every
    configured route that cannot be used: no such sink, settings that do not resolve or that the
    sink does not take.
    """
    wrong = unusable(catalogue, plugins)
    used = {route.sink for route in found.settings.routes.values()}
    faults = [
        fault
        for name, fault in wrong.items()
        if plugins[name].from_folder and name not in used  # a route tells its sink's fault itself
    ]
    made: list[Route] = []
    if found.settings.autoroute and not found.settings.routes:
        sound = {name: plugin for name, plugin in plugins.items() if name not in wrong}
        made = [
            Route(name=auto.name, plugin=auto.plugin, events=auto.events, sources=auto.sources)
            for auto in autoroute(sound, catalogue.contract)
        ]
    for name in found.settings.routes:
        try:
            route = _route(found, name, plugins, environ)
            bind(route.plugin, name, route.settings, catalogue.hookspecs)
            made.append(route)
        except ConfigError as error:
            faults.extend(error.problems)
        except SettingError as error:
            inside = ("settings", *error.path) if error.path else ()
            faults.extend(found.error(("routes", name, *inside), str(error)).problems)
        except PluginError as error:
            faults.extend(found.error(("routes", name), str(error)).problems)
    if faults:
        raise ConfigError(*faults)
    return made


def unusable(catalogue: Catalogue, plugins: Mapping[str, Plugin]) -> dict[str, str]:
    """By plugin, why it could serve no route at all: broken, or hooks that do not exist."""
    wrong: dict[str, str] = {}
    for name, plugin in plugins.items():
        try:
            check(plugin, catalogue.hookspecs)
        except PluginError as error:
            wrong[name] = str(error)
    return wrong


def _route(
    found: Configuration, name: str, plugins: Mapping[str, Plugin], environ: Mapping[str, str]
) -> Route:
    given = found.settings.routes[name]
    if given.sink not in plugins:
        advice = nearest_of(given.sink, sorted(plugins), "installed:")
        raise found.error(
            ("routes", name, "sink"), f"no sink {given.sink!r} is installed; {advice}"
        )
    plugin = plugins[given.sink]
    return Route(
        name=name,
        plugin=plugin,
        settings=anchored(plugin, sink_settings(found, name, environ), found.base),
        events=given.events,
        sources=given.sources,
        nodes=given.nodes,
        users=given.users,
        start=given.start,
        ordered=given.ordered,
        concurrency=given.concurrency,
        batch=given.batch,
        batch_wait=given.batch_wait,
        deadline=given.deadline,
        schedule=_schedule(given.retry),
        max_exceptions=given.max_exceptions,
    )


def _schedule(retry: RetrySettings | None) -> Schedule:
    if retry is None:
        return backoff.DEFAULT
    if retry.schedule is not None:
        return backoff.listed(retry.schedule)
    assert retry.first is not None
    assert retry.factor is not None
    assert retry.cap is not None
    assert retry.attempts is not None
    return backoff.growing(retry.first, retry.factor, retry.cap, retry.attempts)


async def run(
    found: Configuration,
    catalogue: Catalogue,
    delivered: Sequence[Route],
    *,
    stopping: asyncio.Event,
    ready: Callable[[Dispatcher], None],
) -> None:
    """Deliver until `stopping` is set, then wait `server.grace` for what is under way.

    Calls `ready` once every route has its place in the store: only then may a listener open.
    Raises StoreError when another process delivers from the store, or the store fails at start.
    """
    with lease(found.store_path.parent):
        inbox = open_inbox(found)
        try:
            dispatcher = Dispatcher(inbox, catalogue, delivered)
            await dispatcher.register()
            ready(dispatcher)
            delivering = asyncio.create_task(dispatcher.run())
            tending = asyncio.create_task(_tend(inbox))
            stopped = asyncio.create_task(stopping.wait())
            await asyncio.wait([delivering, stopped], return_when=asyncio.FIRST_COMPLETED)
            tending.cancel()
            stopped.cancel()
            await asyncio.wait([tending, stopped])
            await dispatcher.stop(found.settings.server.grace)
            await delivering
        finally:
            await inbox.close()


async def _tend(inbox: Inbox) -> None:
    """Keep the store small while it is used; a store that fails now is asked again later."""
    failing = False
    while True:
        await asyncio.sleep(UPKEEP_SECONDS)
        try:
            await inbox.upkeep()
        except Exception as error:  # whatever it is: without upkeep the store only grows
            if not failing:
                _log.warning("the store cannot be tidied: %s: %s", type(error).__name__, error)
            failing = True
        else:
            failing = False


def open_inbox(found: Configuration) -> SqliteInbox:
    """The configured inbox; nothing is read or written before it is used."""
    store = found.settings.store
    return open_store(
        found.store_path,
        durability=store.durability,
        dedup_window=store.dedup_window,
        dedup_keys=store.dedup_keys,
    )


@contextmanager
def lease(folder: Path) -> Iterator[None]:
    """Hold the store for delivery while in the block. Raises StoreError when another does."""
    import fcntl

    private_folder(folder)
    try:
        handle = os.open(folder / LEASE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"cannot write into {folder}: {error.strerror}; {ANOTHER}") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(
                f"another receiver delivers from {folder} already; stop it, or use another store"
            ) from None
        yield
    finally:
        os.close(handle)


class Backstage:
    """`run` in a thread with an event loop of its own, so that no sink delays what comes in."""

    def __init__(
        self,
        found: Configuration,
        catalogue: Catalogue,
        delivered: Sequence[Route],
        *,
        ended: Callable[[], None],
    ) -> None:
        """`ended` is called in that thread when it ends, asked to or not; `stop` then tells why."""
        self._work = (found, catalogue, delivered)
        self._delivered = delivered
        self._patience = min(found.settings.server.grace + LEAVING, threading.TIMEOUT_MAX)
        self._ended = ended
        self._thread = threading.Thread(target=self._main, name="backstage", daemon=True)
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._dispatcher: Dispatcher | None = None
        self._error: BaseException | None = None

    @property
    def running(self) -> bool:
        """Whether its thread has not ended."""
        return self._thread.is_alive()

    @property
    def unfinished(self) -> list[str]:
        """The routes of which a call goes on; to be asked after `stop`."""
        return self._dispatcher.unfinished() if self._dispatcher is not None else []

    def start(self) -> None:
        """Begin to deliver; returns when every route is registered, raises why that failed."""
        self._thread.start()
        self._started.wait()
        self._raise()

    def stop(self) -> None:
        """Let what is under way end, for `server.grace` and LEAVING at most.

        Raises ReceiverError when delivering has ended before, with the reason.
        """
        loop, stopping = self._loop, self._stopping
        if loop is not None and stopping is not None:
            with suppress(RuntimeError):  # what a closed loop raises
                loop.call_soon_threadsafe(stopping.set)
        self._thread.join(self._patience)
        self._raise()

    def _raise(self) -> None:
        error = self._error
        if isinstance(error, ReceiverError):
            raise error
        if error is not None:
            raise ReceiverError(f"nothing is delivered any more: {self._told(error)}") from error

    def _told(self, error: BaseException) -> str:
        plugin = culprit(error, self._delivered)
        said = ": ".join(part for part in (named(error), spoken(error)) if part)
        return said + (f" (sink {plugin})" if plugin else "")

    def _main(self) -> None:
        try:
            own_loop.run(self._run(), self._stray)
        except BaseException as error:
            self._error = error
        finally:
            self._started.set()
            self._ended()

    def _stray(self, error: BaseException) -> None:
        _log.error("a task that a sink began has ended, deliveries go on: %s", self._told(error))

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        await run(*self._work, stopping=self._stopping, ready=self._begun)

    def _begun(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._started.set()
