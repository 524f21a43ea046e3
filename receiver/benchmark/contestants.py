"""What Receiver is measured against: a bare application, and connexion as it ships.

`python -m receiver.benchmark.contestants NAME` serves one of them, on the server and with the
options that Receiver's own workers use. Must not know: load, figures.
"""

from __future__ import annotations

import copy
import socket
import sys
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from receiver import catalogue
from receiver.http.app import settle
from receiver.http.framework import AsyncApp, RelativeResolver, SwaggerUIOptions

NAMES = ("bare", "bare-own", "connexion")

_START = {
    "type": "http.response.start",
    "status": 202,
    "headers": [(b"content-length", b"0")],
}
_BODY = {"type": "http.response.body", "body": b""}


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the body, answer 202: what the server itself costs."""
    if scope["type"] != "http":
        return
    message = await receive()
    while message.get("more_body"):
        message = await receive()
    await send(_START)
    await send(_BODY)


async def answer(body: Any) -> tuple[str, int]:
    """What connexion calls with a body that it has read, decoded and validated."""
    return "", 202


def connexion(dotted: str, operation: str) -> ASGIApp:
    """One operation on connexion's default stack: routing, JSON and schema validation.

    Its signature is not checked: connexion's security functions do not see the body.
    """
    document = copy.deepcopy(dict(catalogue.contract(dotted).document))
    document.pop("security", None)
    for path, item in list(document["paths"].items()):
        if item.get("post", {}).get("operationId") == operation:
            post = {key: value for key, value in item["post"].items() if key != "security"}
            document["paths"] = {path: {"post": {**post, "operationId": answer.__name__}}}
    app = AsyncApp(
        __name__,
        resolver=RelativeResolver(__name__),
        swagger_ui_options=SwaggerUIOptions(swagger_ui=False, serve_spec=False),
    )
    app.add_api(document)
    served: ASGIApp = app
    return served


def main(name: str, dotted: str, operation: str) -> None:
    """Serve one on a free port, and print the port."""
    import uvicorn

    from receiver.http.protocol import Protocol

    app = connexion(dotted, operation) if name == "connexion" else bare
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        http=Protocol if name == "bare-own" else "httptools",
        loop="uvloop",
        ws="none",
        lifespan="auto",
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
    )
    settle()
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    # What it is run as is not what connexion would find under its own name.
    from receiver.benchmark import contestants

    contestants.main(*sys.argv[1:4])
