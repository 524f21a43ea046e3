"""Logins: a name and a password for a token, each guess slower than the one before.

A guess costs a tenth of a second of one processor, so few are made at a time; after three that were
wrong, a name is not asked about for a while that doubles each time.
Must not know: how a login is asked for or answered.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta

from receiver.decisions import Book, User
from receiver.decisions.accounts import NOBODY, matches, new_token
from receiver.management.caller import Refused

LIFE = timedelta(hours=1)
"""How long the token of a login lasts."""
FREE = 3
"""Wrong guesses about a name that cost nothing but their time."""
LONGEST = 300.0
NAMES = 10_000
"""Names whose wrong guesses are remembered, at most."""
AT_ONCE = 2
WAITING = 32
LIVE = 20
"""Tokens of logins that one user has, at most; the oldest goes."""


def uncounted(reason: str) -> None:
    """The counter that does not count."""


class Logins:
    """The logins of one process."""

    def __init__(
        self,
        book: Book,
        clock: Callable[[], float] = time.monotonic,
        refused: Callable[[str], None] = uncounted,
    ) -> None:
        """`refused` is told of each refusal: `wrong` or `hasty`."""
        self._refused = refused
        self._book = book
        self._clock = clock
        self._guesses: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._checking = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def login(self, name: str, password: str) -> str:
        """A fresh token for the user. Raises Refused: 401, or 429 after too many wrong guesses."""
        self._refuse_hasty(name)
        user = await self._book.user(name)
        if self._waiting >= WAITING:
            raise Refused(429, "too many logins at a time", retry_after=5)
        self._waiting += 1
        try:
            async with self._checking:
                self._refuse_hasty(name)  # again: others were found wrong while this one waited
                right = await asyncio.to_thread(
                    matches, password, user.password if user else NOBODY
                )
        finally:
            self._waiting -= 1
        if user is None or not right:
            self._count(name)
            raise Refused(401, "user name or password is wrong")
        self._guesses.pop(name, None)
        return await self._grant(user)

    def _refuse_hasty(self, name: str) -> None:
        count, since = self._guesses.get(name, (0, 0.0))
        if count > FREE:
            left = since + min(2.0 ** (count - FREE), LONGEST) - self._clock()
            if left > 0:
                self._refused("hasty")
                raise Refused(429, "too many wrong guesses", retry_after=int(left) + 1)

    def _count(self, name: str) -> None:
        self._refused("wrong")
        count = self._guesses.pop(name, (0, 0.0))[0]
        self._guesses[name] = count + 1, self._clock()
        if len(self._guesses) > NAMES:
            self._guesses.popitem(last=False)

    async def _grant(self, user: User) -> str:
        now = self._book.clock()
        mine = [t for t in await self._book.tokens() if t.user == user.name and t.kind == "login"]
        gone = [token for token in mine if not token.valid(now)]
        live = sorted((t for t in mine if t.valid(now)), key=lambda token: token.created)
        gone += live[: max(0, len(live) - LIVE + 1)]
        token, text = new_token(user.name, "login", now, now + LIFE)
        await self._book.change([(token, 0)], gone=gone, who=user.name, action="log in")
        if await self._book.user(user.name) != user:  # changed while the password was looked at
            await self._book.change([], gone=[token], who=user.name, action="log out")
            raise Refused(401, "user name or password is wrong")
        return text
