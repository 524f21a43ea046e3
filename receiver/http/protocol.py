"""uvicorn's HTTP/1.1 on httptools, with the bounds that a server on the internet needs.

uvicorn bounds neither the head of a request nor the time for it, queues pipelined requests without
end, merges trailers into the headers, and closes with the answer unread. What is used of uvicorn's
insides is guarded by tests/listeners/test_uvicorn.py. No request has a timer of its own (see
`door`). Must not know: paths, what an event is.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any, ClassVar, cast

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.server import ServerState

from receiver.http.body import LENGTH
from receiver.http.cycle import CYCLE, Cycle
from receiver.http.door import Door, Guest, Limits, Room, Stranger, make_room, uncounted
from receiver.http.ending import Ending
from receiver.http.exchange import Desk, Exchange
from receiver.http.familiar import Acquaintance
from receiver.http.flow import TRAILERS, Flow
from receiver.http.framing import MAX_HEADER_BYTES, Head, Unreadable, examine, target, without_offer
from receiver.http.share import Seat
from receiver.locator import Headers

_log = logging.getLogger("receiver.http")

MAX_PIPELINED = 32
"""Requests of one connection that wait for the answer to an earlier one; then it is closed."""

_FREE = Room.FREE  # looked up once, and not for each piece that comes


class Protocol(Ending):
    """One connection. `guarded` makes the class for a process with limits of its own."""

    desk: ClassVar[Desk | None] = None
    """Has the first choice among whole requests; the application gets the others."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._behind_proxy = False
        self._loose = 0
        """Bytes since the head, or the last piece of a body, began."""
        self._desk = None if self.access_log or self.root_path else self.desk
        self._heads = Acquaintance()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = Flow(transport, self.pipeline)
        self._room = self.door.enter(cast("set[Guest]", self.connections), self.loop)
        if self._room is Room.NONE:
            self._deaf = True
            transport.abort()
        elif self.client is not None:
            self._behind_proxy = self.door.limits.proxies.trust(self.client[0])

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        if self._room is not _FREE:
            self._refuse(503)
            return
        last: object = self.cycle
        if type(last) is Exchange and self._take_familiar(last, data):
            return
        again: bytes | None = data
        while again is not None and not self._deaf:
            again = self._feed(again)

    def _feed(self, data: bytes) -> bytes | None:
        """Have the parser read; what it is to read after that, instead of what it could not."""
        self._loose += len(data)
        offered = -1
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            offered = upgrade.args[0]
        except httptools.HttpParserCallbackError as error:
            self._refuse(_status(error.__context__))
        except httptools.HttpParserError:
            self._refuse(400)
        else:
            exchange: object = self.cycle
            if type(exchange) is Exchange and exchange.more_body:
                self._to_messages(exchange)
            elif type(exchange) is Exchange and not exchange.response_complete:
                exchange.written = data[: len(data) - exchange.head[1]]
            if self._loose > MAX_HEADER_BYTES:
                self._refuse(431)
        # Not while the exception is handled: it would be the context of whatever is raised next.
        return None if offered < 0 else self._without_upgrade(data[offered:])

    def _take_familiar(self, last: Exchange, data: bytes) -> bool:
        """Take a whole request whose head is like that of one before, all of which are answered."""
        if last.scope is not self.scope or not last.over or len(data) > HIGH_WATER_LIMIT:
            return False
        desk = self._desk
        if last.written and desk is not None and desk.is_fixed(last.place):
            self._heads.learn(last.written, self.url, last.headers, last.head[2], last.place)
        last.written = b""
        read = self._heads.read(data)
        if read is None or desk is None:
            return False
        (head, headers, body), place = read
        self.scope, self._loose = {}, 0  # type: ignore[typeddict-item]
        exchange = Exchange(self, self.scope, place, headers, head, True, body, False)
        self.cycle = exchange  # type: ignore[assignment]
        if not desk.take_whole(exchange, self.loop):
            self._to_messages(exchange)
        return True

    def eof_received(self) -> bool:  # type: ignore[override]
        """The other side says no more; whether it may still want the answer to a whole request."""
        cycle = self.cycle
        if self._parting or cycle is None or cycle.response_complete or cycle.more_body:
            return False
        cycle.keep_alive = False
        self._deaf = True
        return True

    # What the parser tells

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self.scope = {}  # type: ignore[typeddict-item]  # an exchange needs only that it is its own

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        parser, headers, url = self.parser, self.headers, self.url
        version = parser.get_http_version()
        length, waits = examine(version, len(url), headers)
        if parser.should_upgrade():
            if parser.get_method() == b"CONNECT":
                raise Unreadable(400)
            return  # _feed starts again without
        if len(self.pipeline) >= MAX_PIPELINED:
            raise Unreadable(503)
        head = version, length, target(url)
        self._loose = 0
        self.headers = TRAILERS
        keep_alive = version == "1.1" and parser.should_keep_alive()
        method, before, desk = parser.get_method(), self.cycle, self._desk
        # Only a request of which nothing can be missing, and before which none waits.
        if (
            desk is not None
            and length
            and method == b"POST"
            and not waits
            and (before is None or before.response_complete)
        ):
            place = desk.find(head[2][1], length)
            if place is not None:
                self.cycle = Exchange(self, self.scope, place, headers, head, keep_alive)  # type: ignore[assignment]
                return
        self._describe(method, headers, head)
        self._begin(keep_alive, waits)

    def _describe(self, method: bytes, headers: Headers, head: Head) -> None:
        """Write ASGI's scope."""
        version, length, (raw_path, path, query) = head
        scope = cast("dict[str, Any]", self.scope)
        scope.update(
            {
                "type": "http",
                "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
                "http_version": version,
                "server": self.server,
                "client": self.client,
                "scheme": self.scheme,
                "method": method.decode("ascii"),
                "root_path": self.root_path,
                "path": path,
                "raw_path": raw_path,
                "query_string": query,
                "headers": headers,
                "state": self.app_state.copy(),
                LENGTH: length,
            }
        )
        if self._behind_proxy:
            self.door.limits.proxies.believe(scope, headers)

    def _to_messages(self, exchange: Exchange) -> None:
        """Let the application have what is there of a request that is not, or cannot be, whole."""
        self._describe(b"POST", exchange.headers, exchange.head)
        self.cycle = cast("Any", None)
        self._begin(exchange.keep_alive, waits=False)
        if exchange.body:
            self.on_body(exchange.body)
        self.cycle.more_body = exchange.more_body

    def _begin(self, keep_alive: bool, waits: bool) -> None:
        """Let the application have the request whose head is read, or queue it."""
        before = self.cycle
        scope = cast("dict[str, Any]", self.scope)
        self.cycle = cycle = Cycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=waits,
            keep_alive=keep_alive,
            on_response=self.on_response_complete,
        )
        scope[CYCLE] = cycle
        if before is None or before.response_complete:
            self._start_asgi_task(cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))

    def on_body(self, body: bytes) -> None:
        self._loose = 0
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        if type(cycle) is Cycle:
            cycle.message_event.set()

    def on_message_complete(self) -> None:
        self._loose = 0
        cycle: object = self.cycle
        if type(cycle) is Exchange:
            if cycle.scope is self.scope and cycle.more_body:
                cycle.more_body = False
                if self._desk is not None and not self._desk.take_whole(cycle, self.loop):
                    self._to_messages(cycle)
        elif type(cycle) is Cycle and cycle.scope is self.scope:
            cycle.more_body = False
            cycle.message_event.set()

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._last_words is not None or self.flow.leaving:
            self._part(self._last_words or b"")
        else:
            self.flow.resume_reading()

    def _without_upgrade(self, rest: bytes) -> bytes:
        """What is to be read of a request that offers another protocol, as some do of every first.

        The parser has taken it for one without a body.
        """
        method, version = self.parser.get_method(), self.parser.get_http_version()
        head = without_offer(method, self.url, version, self.headers)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._loose = 0
        return head + rest


def _status(error: BaseException | None) -> int:
    """What is answered when a callback ended the parser's work."""
    if isinstance(error, Unreadable):
        return error.status
    _log.error("a request could not be read", exc_info=error)
    return 503


def guarded(
    limits: Limits,
    stranger: Stranger = uncounted,
    seat: Seat | None = None,
    desk: Desk | None = None,
) -> type[Protocol]:
    """The protocol for uvicorn's `http` option, with these limits for this process.

    `seat` is its place among the workers of its socket. Has the process allowed enough files, and
    else takes fewer connections. uvicorn must not believe proxies itself (`proxy_headers=False`).
    """
    granted = replace(limits, connections=make_room(limits.connections))
    own = {"door": Door(granted, stranger, seat), "desk": desk}
    return type("GuardedProtocol", (Protocol,), own)
