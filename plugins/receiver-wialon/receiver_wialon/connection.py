"""One TCP connection to a retranslation server: packets out, acknowledgements in.

Must not know: what is in a packet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

ACKNOWLEDGED = b"\x11"
"""What a server answers to each packet."""

Addresses = Callable[[str, int], Awaitable[list[str]]]


class Connection:
    """Connects when it must; used by one call at a time."""

    def __init__(
        self, host: str, port: int, timeout: float, acknowledged: bool, addresses: Addresses
    ) -> None:
        """`addresses` tells where may be connected to; `timeout` in seconds."""
        self._host = host
        self._port = port
        self._timeout = timeout
        self._acknowledged = acknowledged
        self._addresses = addresses
        self._turn = asyncio.Lock()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def connect(self) -> None:
        """Make sure that there is a connection. Raises OSError (TimeoutError, too)."""
        async with self._turn, asyncio.timeout(self._timeout):
            await self._connected()

    async def close(self) -> None:
        """Let go of the connection."""
        streams, self._streams = self._streams, None
        if streams is not None:
            streams[1].close()
            with suppress(OSError):
                await streams[1].wait_closed()

    async def send(self, packets: Sequence[bytes]) -> tuple[int, str]:
        """Send packets in their order; how many of them the server has, and why not all.

        After a failure the connection is closed: an acknowledgement that came late would be taken
        for that of another packet.
        """
        taken = 0
        async with self._turn:
            try:
                async with asyncio.timeout(self._timeout):
                    reader, writer = await self._connected()
                    writer.writelines(packets)
                    await writer.drain()
                    if not self._acknowledged:
                        return len(packets), ""
                    while taken < len(packets):
                        answer = await reader.read(len(packets) - taken)
                        good = len(answer) - len(answer.lstrip(ACKNOWLEDGED))
                        taken += good
                        if not answer:
                            raise ConnectionError("the server closed the connection")
                        if good < len(answer):
                            raise ConnectionError(
                                f"the server answered {answer[good : good + 1]!r}"
                            )
            except OSError as error:
                await self.close()
                return taken, str(error) or type(error).__name__
            except BaseException:
                await self.close()
                raise
        return taken, ""

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        streams = self._streams
        # Nobody speaks but to answer: what is at its end, or has something to say, is no use.
        if streams is not None and (streams[0].at_eof() or streams[1].is_closing()):
            await self.close()
        if self._streams is None:
            failure: OSError | None = None
            for address in await self._addresses(self._host, self._port):
                try:
                    self._streams = await asyncio.open_connection(address, self._port)
                    break
                except OSError as error:
                    failure = error
            if self._streams is None:
                raise failure or ConnectionError(f"no address for {self._host}")
        return self._streams
