"""Look-ups of host names, each in a thread that nobody else waits for.

A name server that does not answer holds a look-up for half a minute, and none can be ended: in the
loop's own pool a few of them would hold up whatever else is to leave the loop.
Must not know: which addresses are permitted, what is sent there.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from ipaddress import ip_address

MOST = 64
"""Names that are looked up at the same time; beyond that, OSError at once."""

_under_way: dict[tuple[int, str, int], asyncio.Future[list[str]]] = {}
"""By loop, host and port: who asks for the same waits for the same thread, so that a target that
is tried again and again has one thread at most."""


async def addresses(host: str, port: int) -> list[str]:
    """The addresses of a host, best first. Raises OSError or UnicodeError where there is none."""
    with suppress(ValueError):
        return [str(ip_address(host))]
    loop = asyncio.get_running_loop()
    key = (id(loop), host, port)
    asked = _under_way.get(key)
    if asked is None or asked.get_loop() is not loop:  # another loop may have had that id before
        if len(_under_way) >= MOST:
            raise OSError(f"{MOST} other names are being looked up, and no name server answers")
        asked = _under_way[key] = loop.create_future()
        asked.add_done_callback(lambda _: _under_way.pop(key, None))
        threading.Thread(
            target=_ask, args=(loop, asked, host, port), name=f"look up {host}", daemon=True
        ).start()
    return await asyncio.shield(asked)


def _ask(
    loop: asyncio.AbstractEventLoop, asked: asyncio.Future[list[str]], host: str, port: int
) -> None:
    found: list[str] | Exception
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found = [str(place[0]) for *_, place in places]
    except Exception as error:
        found = error

    def settle() -> None:
        if isinstance(found, Exception):
            asked.set_exception(found)
            asked.exception()  # whoever asked may have left: then it is nobody's news
        else:
            asked.set_result(found)

    with suppress(RuntimeError):  # what a closed loop raises
        loop.call_soon_threadsafe(settle)
