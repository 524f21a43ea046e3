"""The admin listener's application: health, metrics and the contract, for operators only.

It is served on an address of its own and is no part of the public application. Must not know: what
is checked, what is counted, settings, other listeners.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from swagger_ui_bundle import swagger_ui_path

from receiver.contract import Document
from receiver.http import answer, health

Ready = Callable[[], Awaitable[Mapping[str, str | None]]]
"""Looks at everything that must work: the name of each check, and what is wrong (None: nothing)."""

Metrics = Callable[[], tuple[bytes, str]]
"""The exposition of all metrics, and its media type."""

Management = tuple[Callable[[], Document], ASGIApp]
"""The API that steers Receiver: its document, read when it is asked for, and its application."""

READY_SECONDS = 5.0
"""What does not answer its check by then does not work."""

_log = logging.getLogger("receiver.http")

_GUARDS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

_DOCS = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Receiver</title>
<link rel="stylesheet" href="swagger-ui.css">
<link rel="icon" type="image/png" href="favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="swagger-ui-bundle.js"></script>
<script src="start.js"></script>
</body>
</html>
"""

_START = """\
SwaggerUIBundle({
  url: "../openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  supportedSubmitMethods: [],
  validatorUrl: null
});
"""
"""Nothing can be sent from the page: events need a signature, and the public listener."""

_START_STEERING = """\
SwaggerUIBundle({
  url: "../management.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null
});
"""


def build(
    *, document: Document, ready: Ready, metrics: Metrics, management: Management | None = None
) -> ASGIApp:
    """The application; `document` is the contract that the public listener serves.

    `ready` and `metrics` are called for each request, in the event loop and in a thread. What is
    none of its own paths is for the application of `management`.
    """
    contract = json.dumps(document, ensure_ascii=False).encode()

    async def readyz(request: Request) -> Response:
        found = await _checks(ready)
        well = not any(found.values())
        body = {
            "status": "ready" if well else "not ready",
            "checks": {name: wrong or "ok" for name, wrong in found.items()},
        }
        return _json(json.dumps(body, ensure_ascii=False).encode(), 200 if well else 503)

    async def exposition(request: Request) -> Response:
        content, media_type = await asyncio.to_thread(metrics)
        return Response(content, headers={**_GUARDS, "content-type": media_type})

    async def openapi(request: Request) -> Response:
        return _json(contract)

    routes: list[BaseRoute] = [
        Route(health.PATH, health.Health()),
        Route("/readyz", readyz),
        Route("/metrics", exposition),
        Route("/openapi.json", openapi),
        *_docs("/docs", _START),
        *(_steering(*management) if management is not None else []),
    ]
    return Starlette(
        routes=routes, exception_handlers={HTTPException: _no_such_thing, Exception: _broken}
    )


async def _checks(ready: Ready) -> Mapping[str, str | None]:
    try:
        return await asyncio.wait_for(ready(), READY_SECONDS)
    except TimeoutError:
        return {"checks": f"did not end within {READY_SECONDS:g} s"}
    except Exception:
        _log.exception("readiness could not be checked")
        return {"checks": "could not be made; the log says why"}


def _steering(document: Callable[[], Document], app: ASGIApp) -> list[BaseRoute]:
    async def openapi(request: Request) -> Response:
        found = await asyncio.to_thread(document)
        return _json(json.dumps(found, ensure_ascii=False).encode())

    routes: list[BaseRoute] = [Route("/management.json", openapi)]
    return [*routes, *_docs("/management", _START_STEERING), Mount("/", app)]


def _docs(place: str, script: str) -> list[BaseRoute]:
    """Swagger UI, out of the bundle that connexion brings; no other host is asked for anything."""

    async def page(request: Request) -> Response:
        return HTMLResponse(_DOCS, headers=_GUARDS)

    async def start(request: Request) -> Response:
        return Response(script, media_type="text/javascript", headers=_GUARDS)

    async def to_page(request: Request) -> Response:
        return RedirectResponse(f"{place.lstrip('/')}/", 307)

    return [
        Route(place, to_page),
        Route(f"{place}/", page),
        Route(f"{place}/start.js", start),
        Mount(place, StaticFiles(directory=Path(str(swagger_ui_path)))),
    ]


def _json(content: bytes, status: int = 200) -> Response:
    return Response(content, status, headers=_GUARDS, media_type="application/json")


async def _no_such_thing(request: Request, error: Any) -> Response:
    return _problem(error.status_code, (error.headers or {}).get("Allow"))


async def _broken(request: Request, error: Exception) -> Response:
    return _problem(500)


def _problem(status: int, allow: str | None = None) -> Response:
    told = answer.problem(status, allow)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in told.headers}
    return Response(told.body, told.status, headers={**headers, **_GUARDS})
