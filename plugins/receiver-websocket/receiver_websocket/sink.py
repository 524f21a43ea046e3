"""Listens for browsers, and hands every event to those that want it.

Must not know: anything of Receiver but its public names.
"""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from importlib import resources
from typing import Any

from pydantic import Field, SecretStr, field_validator
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from receiver import BodySettings, Event, Sink, hookimpl
from receiver_websocket.hello import Filter, Refused, hello

HELLO_SECONDS = 10.0
"""How long a client may take to say who it is."""
LARGEST_HELLO = 64 * 1024
SHORTEST_TOKEN = 16
REFUSED, TOO_SLOW, FULL = 4401, 4408, 4429
"""Close codes (RFC 6455, 7.4.2: 4000 to 4999 are for applications)."""
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline';"
    " connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'"
)


class Client:
    """One browser that was let in."""

    def __init__(self, connection: ServerConnection, wanted: Filter, room: int) -> None:
        self.connection = connection
        self.wanted = wanted
        self.waiting: asyncio.Queue[str] = asyncio.Queue(room)
        self.slow = asyncio.Event()


class WebSocket(Sink):
    """Relay events live to browsers."""

    class Settings(BodySettings):
        """Where to listen, who is let in, and what they are sent."""

        listen: str = Field(
            default="127.0.0.1:8090", description="The address to listen at: HOST:PORT."
        )
        tokens: tuple[SecretStr, ...] = Field(
            min_length=1, description="Secrets, any of which lets a client in."
        )
        origins: tuple[str, ...] = Field(
            default=(), description="Web pages that may connect (`https://…`); none given: any."
        )
        clients: int = Field(
            default=200, ge=1, le=10_000, description="Connections at the same time."
        )
        waiting: int = Field(
            default=1000,
            ge=1,
            le=100_000,
            description="Events that may wait for one client; one further behind is dropped.",
        )
        page: bool = Field(
            default=True,
            description="Whether a browser that opens the address gets an example page.",
        )

        @field_validator("listen")
        @classmethod
        def _is_an_address(cls, listen: str) -> str:
            host, colon, port = listen.rpartition(":")
            if not host or not colon or not port.isdecimal() or int(port) > 65535:
                raise ValueError("must be HOST:PORT")
            return listen

        @field_validator("tokens")
        @classmethod
        def _are_long(cls, tokens: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
            if any(len(token.get_secret_value()) < SHORTEST_TOKEN for token in tokens):
                raise ValueError(f"a token has {SHORTEST_TOKEN} characters at least")
            return tokens

    settings: Settings

    dropped = 0
    """Clients that were dropped because they could not keep up, since it opened."""

    async def open(self) -> None:
        """Listen. Raises OSError where the address is taken."""
        host, _, port = self.settings.listen.rpartition(":")
        logging.getLogger("websockets").setLevel(logging.INFO)  # at DEBUG it writes every frame
        self._body = self.settings.shape()
        self._tokens = [token.get_secret_value() for token in self.settings.tokens]
        self._clients: set[Client] = set()
        self._connected = 0
        page = resources.files("receiver_websocket").joinpath("page.html")
        self._page = page.read_bytes() if self.settings.page else None
        self._server: Server = await serve(
            self._serve,
            host.strip("[]"),
            int(port),
            origins=None if not self.settings.origins else [*self.settings.origins, None],  # type: ignore[list-item]
            process_request=self._show_page,
            compression=None,  # it would cost each client's memory more than all that waits
            max_size=LARGEST_HELLO,
            server_header=None,
        )

    async def close(self) -> None:
        """Send every client away, and listen no more."""
        self._server.close()
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(next(iter(self._server.sockets)).getsockname()[1])

    @hookimpl
    async def on_event(self, event: Event[Any]) -> None:
        """Hand an event to every client that wants it; none of them is waited for."""
        wanting = [client for client in self._clients if client.wanted.wants(event)]
        if not wanting:
            return
        text = self._body.render(event).decode()
        for client in wanting:
            try:
                client.waiting.put_nowait(text)
            except asyncio.QueueFull:
                self._drop(client)

    def _drop(self, client: Client) -> None:
        self._clients.discard(client)
        self.dropped += 1
        client.slow.set()
        self.log.warning("a client that could not keep up is dropped", dropped=self.dropped)

    async def _serve(self, connection: ServerConnection) -> None:
        """One connection, from its first message to its end."""
        if self._connected >= self.settings.clients:
            await connection.close(FULL, "too many connections; try again later")
            return
        self._connected += 1
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                wanted = hello(await connection.recv(), self._tokens)
            await self._relay(Client(connection, wanted, self.settings.waiting))
        except (Refused, TimeoutError) as error:
            await connection.close(REFUSED, str(error) or "no token came in time")
        except ConnectionClosed:
            return  # it went away, which is its right
        finally:
            self._connected -= 1

    async def _relay(self, client: Client) -> None:
        connection = client.connection
        self._clients.add(client)  # from here on it misses nothing
        await connection.send('{"ready": true}')
        sending = asyncio.create_task(self._send(client))
        slow = asyncio.create_task(client.slow.wait())
        gone = asyncio.create_task(connection.wait_closed())
        try:
            await asyncio.wait([sending, slow, gone], return_when=asyncio.FIRST_COMPLETED)
            if slow.done():
                # Its line is full: a farewell would wait there behind all the rest.
                connection.transport.abort()
        finally:
            self._clients.discard(client)
            for task in (sending, slow, gone):
                task.cancel()
            await asyncio.wait([sending, slow, gone])

    async def _send(self, client: Client) -> None:
        try:
            while True:
                await client.connection.send(await client.waiting.get())
        except ConnectionClosed:
            return  # `gone` tells

    def _show_page(self, connection: ServerConnection, request: Request) -> Response | None:
        """The page, for a browser that asks for one; None for a WebSocket."""
        if "upgrade" in request.headers.get("Connection", "").lower():
            return None
        if self._page is None or request.path.partition("?")[0] != "/":
            return connection.respond(HTTPStatus.NOT_FOUND, "")
        headers = Headers(
            {
                "Content-Type": "text/html; charset=utf-8",
                "Content-Length": str(len(self._page)),
                "Content-Security-Policy": PAGE_POLICY,
                "X-Content-Type-Options": "nosniff",
                "Connection": "close",
            }
        )
        return Response(HTTPStatus.OK, "OK", headers, self._page)
