"""A server in a process of its own, with limits from its argument: prints its port, then serves.

Beside the public application it answers `GET /test/...`, to show what no event path would.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections import Counter
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send

from receiver import catalogue
from receiver.draining import Draining
from receiver.http.answer import Reply, send_reply
from receiver.http.app import build
from receiver.http.body import Bodies
from receiver.http.door import Limits
from receiver.http.protocol import guarded
from receiver.http.proxies import Proxies
from receiver.inbox.memory import MemoryInbox
from receiver.intake import Intake
from receiver.keyring import HeaderSecret, Keyring, SourceKeys

KEYS = Keyring({"flespi": SourceKeys(headers=(HeaderSecret("X-Flespi-Key", "key", b"honest"),))})


class Shown:
    """The public application, and what tests look at."""

    def __init__(self, app: Any, strangers: Counter[int]) -> None:
        self._app = app
        self._strangers = strangers
        self._paths: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._paths.append(scope["path"])
        match scope["path"]:
            case "/test/seen":
                seen = {
                    "client": scope["client"][0],
                    "scheme": scope["scheme"],
                    "strangers": self._strangers,
                    "paths": self._paths,
                }
                await say(json.dumps(seen).encode(), send)
            case "/test/late":
                await asyncio.sleep(0.3)
                await say(b"late", send)
            case "/test/large":
                await say(bytes(64 * 1024 * 1024), send)
            case _:
                await self._app(scope, receive, send)


async def say(body: bytes, send: Send) -> None:
    await send_reply(Reply(200, ((b"content-length", str(len(body)).encode()),), body), send)


def main() -> None:
    given = json.loads(sys.argv[1])
    bodies = Bodies(**given.pop("bodies", {}))
    limits = Limits(proxies=Proxies(given.pop("proxies", ())), **given)
    strangers: Counter[int] = Counter()

    def count(status: int, *_about: str) -> None:
        strangers[status] += 1

    served = catalogue.load()
    app = build(served, Intake(served, KEYS, MemoryInbox()), bodies=bodies, stranger=count)
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(listener.getsockname()[1], flush=True)
    options: dict[str, Any] = {"proxy_headers": False, "ws": "none", "lifespan": "on"}
    Draining(
        uvicorn.Config(
            Shown(app, strangers),
            loop="uvloop",
            http=guarded(limits, count, desk=app),
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=3,
            **options,
        ),
        None,
    ).run(sockets=[listener])


if __name__ == "__main__":
    main()
