"""Certificates of Amazon SNS: pinned in a folder, or fetched once and kept in memory.

Must not know: what is signed with them, which addresses are those of SNS.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from receiver.keyring import SnsTrust
from receiver.signature.certificate import Certificate, certificate
from receiver.signature.snsaddress import CertificateAddress
from receiver.sources.sns.asking import Asker, NoAnswer

KEPT_SECONDS = 24 * 3600.0
FAILED_SECONDS = 10.0
"""What could not be had is not asked for again so soon. SNS comes again after 20 s, three times."""
MOST_KEPT = 200
MOST_FAILED = 500

ASKED_SECONDS = 60.0
MOST_ASKED = 60
"""Certificates that are fetched in ASKED_SECONDS, at most; AWS uses one for months."""
MOST_ASKED_FOR_STRANGERS = 6
"""As above, for topics that nobody allowed: anybody may send those."""

_Key = tuple[str, str | None]
"""The address, and the folder of the pinned ones."""
_Ask = tuple[_Key, bool]
"""A certificate, and whether it is for a topic that is allowed: what strangers cause to fail must
not fail for others."""
K = TypeVar("K")
T = TypeVar("T")


class Unobtainable(Exception):
    """There is no certificate now; the message says why."""


class Certificates:
    """The certificates that one process has met."""

    def __init__(self, asker: Asker, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._asker = asker
        self._clock = clock
        self._kept: dict[_Key, tuple[Certificate, float]] = {}
        self._failed: dict[_Ask, tuple[str, float]] = {}
        self._under_way: dict[_Ask, asyncio.Task[Certificate]] = {}
        self._budgets = {
            True: _Budget(MOST_ASKED, clock),
            False: _Budget(MOST_ASKED_FOR_STRANGERS, clock),
        }

    async def get(
        self, address: CertificateAddress, trust: SnsTrust, *, allowed: bool
    ) -> Certificate:
        """The certificate at an address, asked for once however many want it.

        `allowed`: whether it is wanted for a topic that is. Raises Unobtainable.
        """
        if trust.made is not None and address.file == trust.made[0]:
            return _made(trust.made[1])
        key = (address.url, trust.certificates)
        now = self._clock()
        if (kept := self._kept.get(key)) is not None and now < kept[1]:
            return kept[0]
        ask = (key, allowed)
        if (failed := self._failed.get(ask)) is not None and now < failed[1]:
            raise Unobtainable(failed[0])
        task = self._under_way.get(ask)
        if task is None:
            task = asyncio.create_task(self._obtain(ask, address, trust))
            self._under_way[ask] = task
            task.add_done_callback(lambda _: self._under_way.pop(ask, None))
        # Whoever gives up waiting does not take it from the others.
        return await asyncio.shield(task)

    async def _obtain(self, ask: _Ask, address: CertificateAddress, trust: SnsTrust) -> Certificate:
        try:
            pem = await asyncio.to_thread(_pinned, trust.certificates, address.file)
            if pem is None:
                pem = await self._fetched(address, trust, allowed=ask[1])
            found = certificate(pem)
        except (NoAnswer, OSError, ValueError) as error:
            why = f"the certificate {address.url} cannot be had: {error}"
            _keep(self._failed, ask, (why, self._clock() + FAILED_SECONDS), MOST_FAILED)
            raise Unobtainable(why) from None
        _keep(self._kept, ask[0], (found, self._clock() + KEPT_SECONDS), MOST_KEPT)
        return found

    async def _fetched(
        self, address: CertificateAddress, trust: SnsTrust, *, allowed: bool
    ) -> bytes:
        if not trust.fetch:
            raise NoAnswer(f"{address.file} is not among the pinned ones, and `fetch` is off")
        if not self._budgets[allowed].take():
            raise NoAnswer("too many different ones were asked for")
        return await self._asker.get(address.url, allow_private=trust.allow_private)


_made = lru_cache(maxsize=8)(certificate)


def _pinned(folder: str | None, file: str) -> bytes | None:
    """The pinned certificate of a name. Raises OSError when it cannot be read."""
    if folder is None:
        return None
    try:
        return (Path(folder) / file).read_bytes()
    except FileNotFoundError:
        return None


def _keep(table: dict[K, T], key: K, value: T, most: int) -> None:
    """Put something into a table of at most so many, the oldest of which go."""
    table.pop(key, None)
    while len(table) >= most:
        del table[next(iter(table))]
    table[key] = value


class _Budget:
    """So many in ASKED_SECONDS and no more."""

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._clock = clock
        self._taken: deque[float] = deque()

    def take(self) -> bool:
        """Whether there was one left."""
        now = self._clock()
        while self._taken and now - self._taken[0] >= ASKED_SECONDS:
            self._taken.popleft()
        if len(self._taken) >= self._most:
            return False
        self._taken.append(now)
        return True
