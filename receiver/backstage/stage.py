"""Delivers for one configuration, from the lease to the last call, and takes up changed routes.

Must not know: processes, signals, HTTP.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from receiver import configured, tracing
from receiver.backstage.decided import Decided
from receiver.backstage.following import Following
from receiver.backstage.lease import Lease
from receiver.backstage.pulls import pulls
from receiver.backstage.removal import Removal
from receiver.backstage.retention import Deleting
from receiver.backstage.routes import routes
from receiver.bulletin import Bulletin
from receiver.catalogue import Catalogue
from receiver.composition import open_inbox
from receiver.configured import Setup
from receiver.dispatch import Dispatcher, Route
from receiver.errors import ReceiverError, StoreError
from receiver.inbox import Inbox
from receiver.metrics import Delivery
from receiver.plugins import Plugin
from receiver.reloading import Reloading
from receiver.settings import Configuration
from receiver.transports import Pull, Pullers, PullStanding, discover

UPKEEP_SECONDS = 1.0
CHECK_SECONDS = 1.0
"""A check of the store holds for so long, however often it is asked for."""
LATE_SECONDS = 3.0
"""A store that takes longer to keep something is not well."""

_log = logging.getLogger("receiver.backstage")


def _nothing_to_say() -> None:
    """The default for what is told."""


class Stage:
    """`run` delivers until `stop`; both are used on one loop."""

    def __init__(
        self,
        setup: Setup,
        catalogue: Catalogue,
        plugins: Mapping[str, Plugin],
        delivered: Sequence[Route],
        environ: Mapping[str, str],
        *,
        adapt: Callable[[Sequence[Route]], list[Route]] = list,
        figures: Delivery | None = None,
    ) -> None:
        """`delivered` are the routes to begin with.

        `adapt` makes of the routes of every later configuration those that are run; `figures` are
        kept up to date.
        """
        self.found = setup.found
        self.folder = setup.found.store_path.parent
        self.dispatcher: Dispatcher | None = None
        """While it delivers."""
        self.pullers: Pullers | None = None
        """Likewise."""
        self._deleting: Deleting | None = None
        self._setup = setup
        self._catalogue = catalogue
        self._plugins = dict(plugins)
        self._delivered = delivered
        self._environ = environ
        self._adapt = adapt
        self._figures = figures
        self._lease = Lease(self.folder)
        self._inbox: Inbox | None = None
        self._stopping = asyncio.Event()
        self._checked_at = 0.0
        self._store_fault: str | None = None
        self._checking = asyncio.Lock()
        self._composing = asyncio.Lock()
        self._decided: Decided | None = None
        self._following: Following | None = None

    async def run(
        self,
        *,
        ready: Callable[[], None] = _nothing_to_say,
        waiting: Callable[[], None] | None = None,
    ) -> None:
        """Deliver until `stop`, then wait `server.grace` for what is under way.

        Calls `ready` once every route has its place in the store: only then may a listener open
        in this process. With `waiting`, waits for the lease when another process holds it, and
        says so by calling it. Raises StoreError when the lease cannot be had otherwise, or the
        store fails at start.
        """
        try:
            if waiting is None:
                self._lease.take()
            elif not await self._leased(waiting):
                return
            await self._deliver(ready)
        finally:
            self._lease.release()

    def stop(self) -> None:
        """Begin nothing new."""
        self._stopping.set()

    async def checks(self) -> dict[str, str | None]:
        """What must work, and what is wrong with it (None: nothing)."""
        if not self._lease.held:
            return {"lease": f"another process delivers from {self.folder}"}
        if self._stopping.is_set():
            return {"lease": None, "dispatcher": "it is being stopped"}
        delivers = self.dispatcher is not None
        async with self._checking:
            now = asyncio.get_running_loop().time()
            if now - self._checked_at > CHECK_SECONDS:
                self._store_fault = await self._look_at_store()
                self._checked_at = asyncio.get_running_loop().time()
        return {
            "lease": None,
            "store": self._store_fault,
            "dispatcher": None if delivers else "it has not begun yet",
        }

    async def _leased(self, waiting: Callable[[], None]) -> bool:
        """Wait for the lease; False when stopped before."""
        taking = asyncio.create_task(self._lease.wait(waiting))
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait([taking, stopping], return_when=asyncio.FIRST_COMPLETED)
        for task in (taking, stopping):
            task.cancel()
        await asyncio.wait([taking, stopping])
        if not taking.cancelled():
            taking.result()  # raises what went wrong
        return self._lease.held and not self._stopping.is_set()

    async def _deliver(self, ready: Callable[[], None]) -> None:
        grace = self.found.settings.server.grace
        tracing.configure(self._environ)
        inbox = self._inbox = open_inbox(self.found)
        try:
            decided = self._decided = Decided(
                inbox.registry, self.folder, self._catalogue, self._environ
            )
            deciding = self._following = Following(decided.revision, self._recompose)
            await deciding.begin()
            dispatcher = Dispatcher(inbox, self._catalogue, await self._all(decided), grace=grace)
            await dispatcher.register()
            await dispatcher.filter(*await decided.filters(self.found))
            pulled = await asyncio.to_thread(self._pulled, self._setup)
            self.dispatcher = dispatcher
            self.pullers = Pullers(inbox, self._catalogue)
            await self.pullers.update(pulled)
            self._deleting = Deleting(
                inbox,
                self.found.settings.retention,
                told=self._figures.purged if self._figures is not None else lambda *_: None,
            )
            ready()
            following = Reloading(
                self._setup, self._catalogue.contract, self._environ, self._take_up
            )
            beside = [
                asyncio.create_task(_tend(inbox)),
                asyncio.create_task(self._deleting.run()),
                asyncio.create_task(self._removal(inbox, decided).run()),
                asyncio.create_task(following.run()),
                asyncio.create_task(deciding.run()),
                asyncio.create_task(
                    Bulletin(self.folder, dispatcher.statuses, self.standings).run()
                ),
            ]
            if self._figures is not None:
                looking = self._figures.run(dispatcher.statuses, inbox, self.standings)
                beside.append(asyncio.create_task(looking))
            delivering = asyncio.create_task(dispatcher.run())
            stopped = asyncio.create_task(self._stopping.wait())
            await asyncio.wait([delivering, stopped], return_when=asyncio.FIRST_COMPLETED)
            for task in (*beside, stopped):
                task.cancel()
            await asyncio.wait([*beside, stopped])
            await asyncio.gather(self.pullers.stop(), dispatcher.stop(grace))
            await delivering
        finally:
            pullers, self.dispatcher, self.pullers = self.pullers, None, None
            self._following = None
            if pullers is not None:
                await pullers.stop()
            await inbox.close()
            await tracing.leave()

    async def _take_up(self, fresh: Setup) -> None:
        """Run what is configured now. Raises ReceiverError, and changes nothing."""
        assert self.dispatcher is not None
        assert self.pullers is not None
        pulled = await asyncio.to_thread(self._pulled, fresh)
        plugins, chosen = await asyncio.to_thread(self._chosen, fresh)
        before = self.found, self._plugins, self._delivered
        self.found, self._plugins, self._delivered = fresh.found, plugins, chosen
        try:
            await self._recompose()
        except ReceiverError:
            self.found, self._plugins, self._delivered = before
            raise
        if self._deleting is not None:
            self._deleting.change(fresh.found.settings.retention)
        await self.pullers.update(pulled)

    def _removal(self, inbox: Inbox, decided: Decided) -> Removal:
        async def live() -> list[str]:
            return [*(route.name for route in self._delivered), *await decided.names()]

        return Removal(inbox, live, lambda: self.found.settings.retention)

    async def _all(self, decided: Decided) -> list[Route]:
        """The routes of the configuration, and those of the API."""
        more = await decided.routes(self.found, self._plugins)
        return [*self._delivered, *self._adapt(more)]

    async def _recompose(self) -> None:
        """Run the routes that are configured and decided now, by the filters of now."""
        assert self.dispatcher is not None
        assert self._decided is not None
        async with self._composing:
            await self.dispatcher.update(await self._all(self._decided))
            await self.dispatcher.filter(*await self._decided.filters(self.found))

    async def settled(self, revision: int) -> None:
        """Returns when what runs goes by the decisions of a revision, or nothing runs."""
        if self._following is not None:
            await self._following.settled(revision)

    @property
    def present(self) -> tuple[Configuration, Mapping[str, Plugin]]:
        """The configuration and the plugins of now; may be asked from any thread."""
        return self.found, self._plugins

    def route(self, name: str) -> Route | None:
        """The route of a name that it delivers for; may be asked from any thread."""
        running = self.dispatcher.routes if self.dispatcher is not None else []
        return next((route for route in running if route.name == name), None)

    def standings(self) -> list[PullStanding]:
        """How each puller is doing; may be called in any thread."""
        return self.pullers.standings() if self.pullers is not None else []

    def _pulled(self, setup: Setup) -> list[Pull]:
        return pulls(setup.found, self._catalogue.contract, discover(), self._environ)

    def _chosen(self, fresh: Setup) -> tuple[dict[str, Plugin], list[Route]]:
        # A plugin that is known stays as it was imported; its new code needs a new process.
        found = configured.plugins(fresh.found)
        plugins = {
            name: known
            if (known := self._plugins.get(name)) and known.origin == plugin.origin
            else plugin
            for name, plugin in found.items()
        }
        chosen = routes(fresh.found, self._catalogue, plugins, self._environ)
        return plugins, self._adapt(chosen)

    async def _look_at_store(self) -> str | None:
        """Write something that is always the same size, as durably as an event."""
        assert self._inbox is not None
        try:
            async with asyncio.timeout(LATE_SECONDS):
                place = datetime.now(UTC).isoformat()
                await self._inbox.append([], cursor=("readiness", place))
        except TimeoutError:
            return f"nothing was kept within {LATE_SECONDS:g} s"
        except StoreError as error:
            return str(error)
        return None


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
