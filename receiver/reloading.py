"""Takes up a changed configuration in a running process, within a second and without a restart.

The files are looked at a few times a second: `receiver.toml`, the kept secrets, every `file:` that
a value is read from. What does not validate changes nothing and is one line in the log.
Must not know: what is done with a new configuration.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from receiver import logs
from receiver.configured import Setup, Signature, current, signatures
from receiver.contract import Contract
from receiver.errors import ConfigError, ReceiverError
from receiver.intake import Intake
from receiver.settings import Configuration

POLL_SECONDS = 0.2
"""A file that is the same at two looks is whole: editors write in one go, or rename."""

AGAIN_SECONDS = 5.0
"""After which what could not be used is tried again, though no file has changed."""

SAID = "reloading.said"

_RUNNING = frozenset(
    {
        *("sources", "routes", "autoroute", "transforms", "endpoints", "filters", "management"),
        *("plugins_dir", "retention"),
    }
)
"""The keys at the top that the processes that run take up."""
_NOT_RUNNING = frozenset({"retention.hard_limit"})
"""What of them workers were told when they started."""

_log = logging.getLogger("receiver.reloading")


class Reloading:
    """Follows the files of one setup. `run` ends when it is cancelled."""

    def __init__(
        self,
        setup: Setup,
        served: Contract,
        environ: Mapping[str, str],
        take_up: Callable[[Setup], Awaitable[None]],
    ) -> None:
        """`served` is the contract, which stays; `take_up` raises ReceiverError for what it cannot
        use, and then has changed nothing.
        """
        self._setup = setup
        self._served = served
        self._environ = environ
        self._take_up = take_up
        self._good = self._known = self._seen = setup.watched
        self._again: float | None = None

    async def run(self) -> None:
        """Look for changes for ever."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self.look()
            except Exception:
                _log.exception("a changed configuration could not be taken up")

    async def look(self) -> None:
        """Take up what has changed, unless it is still being written."""
        now = await asyncio.to_thread(signatures, self._setup.watched)
        before, self._seen = self._seen, now
        if now != before or (now == self._known and not self._due()):
            return
        self._known, self._again = now, None
        try:
            _refuse_lost(self._good, now)
            fresh = await asyncio.to_thread(current, self._environ, self._served)
            await self._take_up(fresh)
        except ReceiverError as error:
            self._say(logging.ERROR, f"{error}; nothing was changed")
            self._again = time.monotonic() + AGAIN_SECONDS
            return
        later = restarting(self._setup.found, fresh.found)
        self._setup = fresh
        self._seen = self._known = self._good = fresh.watched
        self._say(logging.INFO, f"the changed configuration {fresh.found.label} is in use")
        if later:
            self._say(logging.WARNING, f"{', '.join(later)}: changes with a reload (SIGHUP)")

    def _due(self) -> bool:
        """Whether what failed is to be tried again: what it lacked may be there by now."""
        return self._again is not None and time.monotonic() >= self._again

    def _say(self, level: int, text: str) -> None:
        """Log it, unless another process that follows the same files has."""
        state = f"{level} {text} {sorted(map(str, self._known.items()))}"
        if _first(self._setup.found.store_path.parent, state):
            _log.log(level, "%s", text)


async def follow_keys(
    setup: Setup, served: Contract, environ: Mapping[str, str], intake: Intake
) -> None:
    """Have `intake` prove requests with the keys that are configured now, until cancelled."""

    async def take_up(fresh: Setup) -> None:
        intake.keyring = fresh.keys
        logs.hide(fresh.keys.texts())

    await Reloading(setup, served, environ, take_up).run()


def _refuse_lost(good: Mapping[Path, Signature], now: Mapping[Path, Signature]) -> None:
    """Raise ConfigError for a file that is gone or was emptied.

    Without it the rest might well be valid, and sources would lose their secrets by an accident.
    """
    for file, before in good.items():
        after = now.get(file)
        if before is not None and after is None:
            raise ConfigError(f"{file} is gone")
        if before is not None and after is not None and before[2] and not after[2]:
            raise ConfigError(f"{file} is empty")


def restarting(old: Configuration, new: Configuration) -> list[str]:
    """The keys that have changed and that a running process does not take up."""
    before, after = old.settings.model_dump(), new.settings.model_dump()
    changed: list[str] = []
    for name, value in after.items():
        if value == before[name]:
            continue
        keys = [name]
        if isinstance(value, dict) and isinstance(before[name], dict):
            both = [key for key in value if key in before[name]]
            keys = [f"{name}.{key}" for key in both if value[key] != before[name][key]]
        changed += [key for key in keys if name not in _RUNNING or key in _NOT_RUNNING]
    return changed


def _first(folder: Path, state: str) -> bool:
    """Whether nobody has said this of the files as they are now."""
    digest = hashlib.sha256(state.encode()).hexdigest()
    try:
        with (folder / SAID).open("a+", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            said = file.read().split()
            if digest in said:
                return False
            file.truncate(0)
            file.write("\n".join([*said[-8:], digest]))
    except (OSError, ValueError):
        return True  # said twice is better than not at all
    return True
