"""How many connections one process serves, how long each may take, and who looks after that.

One look at all connections, about once a second, takes the place of timers for each of them.
Must not know: how a connection is read; paths.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Set
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import Protocol

from receiver.http import answer
from receiver.http.proxies import Proxies
from receiver.http.share import Seat
from receiver.locator import Headers
from receiver.replies import HeadersTooLarge, Unavailable, reply

_log = logging.getLogger("receiver.http")

_PARTING = 128
"""Connections over the limit that are still told so; any more are dropped without a word."""

_OTHER_FILES = 128
"""File descriptors that a process needs beside its connections, generously."""

_RETRY_AFTER = 5
"""Seconds until there should be room for another connection."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process grants; times in seconds, kept to about a second."""

    connections: int = 1000
    head: float = 10.0
    """From the start of a connection, or of a later request, to the end of its headers."""
    idle: float = 75.0
    """Without a request after an answer."""
    rest: float = 10.0
    """For what is left of a body whose request is answered already."""
    answer: float = 30.0
    """From the end of the headers to the end of the answer; what is not sent by then is not."""
    parting: float = 2.0
    """For the other side to see a last answer before the connection is closed."""
    proxies: Proxies = field(default_factory=Proxies)


class Room(Enum):
    """What a new connection finds."""

    FREE = "free"
    FULL = "full"
    """It is to be told so."""
    NONE = "none"
    """It is to be dropped."""


class Guest(Protocol):
    """A connection, as the door sees it."""

    def look(self, now: float) -> bool:
        """Close the connection when its time is up; `now` as the event loop counts.

        Returns whether a request came in since the last look, and the connection is to stay.
        """

    def leave(self) -> None:
        """Make the next answer the last."""


Stranger = Callable[[int], None]


def uncounted(status: int) -> None:
    """The counter that does not count."""


class Door:
    """The limits of one process, its connections and the one timer for all of them."""

    def __init__(
        self,
        limits: Limits | None = None,
        stranger: Stranger = uncounted,
        seat: Seat | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._seat = seat
        self.stranger = stranger
        """Is told the status of every answer that is given before a request is one."""
        times = (self.limits.head, self.limits.idle, self.limits.rest, self.limits.parting)
        self._period = min(1.0, *(time / 4 for time in times))
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        """The timer's loop; a timer dies with its loop."""

    def enter(self, guests: Set[Guest], loop: asyncio.AbstractEventLoop) -> Room:
        """A connection was made; it is among `guests`, the live set of all connections."""
        if self._timer is None or self._loop is not loop:
            self._loop = loop
            self._timer = loop.call_later(self._period, self._look, guests, loop)
        over = len(guests) - self.limits.connections
        if over <= 0:
            return Room.FREE
        return Room.FULL if over <= _PARTING else Room.NONE

    def _look(self, guests: Set[Guest], loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        self._timer = loop.call_later(self._period, self._look, guests, loop) if guests else None
        in_use = [guest for guest in tuple(guests) if guest.look(now)]
        if self._seat is not None:
            for guest in random.sample(in_use, self._seat.surplus(len(in_use))):
                guest.leave()


def last_words(status: int, headers: Headers) -> bytes:
    """The last answer on a connection, as it goes over the wire: 400, 408, 431 or 503.

    `headers` go before its own.
    """
    match status:
        case 431:
            said = reply(HeadersTooLarge())
        case 503:
            said = reply(Unavailable(_RETRY_AFTER, "too many connections", read=False))
        case _:
            said = answer.closing(status)
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()]
    for name, value in (*headers, *said.headers):
        lines += (name, b": ", value, b"\r\n")
    return b"".join((*lines, b"\r\n", said.body))


def make_room(connections: int) -> int:
    """Let this process open the files that so many connections need; how many it can have.

    The soft limit of open files is raised as far as the hard one allows; systemd sets them apart
    so that programs that can use more do this.
    """
    try:
        import resource
    except ImportError:  # not a POSIX system: there is no such limit
        return connections
    needed = connections + _PARTING + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return connections
    granted = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (granted, hard))
    room = max(1, granted - _PARTING - _OTHER_FILES)
    if room < connections:
        _log.warning(
            "serving %d connections, not %d: this process may open %d files (ulimit -n)",
            room,
            connections,
            granted,
        )
    return min(room, connections)
