"""The public ASGI application: event paths and `/healthz` on connexion, nothing else.

Must not know: settings, the store, sinks, other listeners.
"""

from __future__ import annotations

import gc
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from receiver.catalogue import Catalogue
from receiver.contract import Operation
from receiver.http import answer, health, neutral
from receiver.http.body import Bodies
from receiver.http.capture import CAPTURED, Capture, Observe, Stranger
from receiver.http.endpoint import response
from receiver.http.framework import (
    AsyncApp,
    ConnexionRequest,
    ConnexionResponse,
    RelativeResolver,
    SwaggerUIOptions,
)
from receiver.http.lane import Lane
from receiver.http.table import Table
from receiver.intake import Intake
from receiver.replies import Outcome

_log = logging.getLogger("receiver.http")

YOUNG = 50_000
"""Objects after which the garbage collector looks for circles; a request leaves none behind."""

SWITCH_SECONDS = 0.001
"""How long a thread keeps the interpreter from another that waits for it. Python's own 5 ms, which
the store's writer waits several times in a transaction, are as long as the event loop takes for a
thousand events."""

Step = Callable[[], Awaitable[None]]
"""Something to do when the application starts or stops."""


async def _nothing_to_do() -> None:
    """The default step."""


def _unobserved(operation: Operation, outcome: Outcome) -> None:
    """The observer that does not look."""


def _uncounted(status: int, method: str, path: str) -> None:
    """The counter that does not count."""


def build(
    catalogue: Catalogue,
    intake: Intake,
    *,
    lane: bool = True,
    on_start: Step = _nothing_to_do,
    on_stop: Step = _nothing_to_do,
    bodies: Bodies | None = None,
    observe: Observe = _unobserved,
    stranger: Stranger = _uncounted,
) -> ASGIApp:
    """The application that serves every HTTP operation of a catalogue's contract.

    `lane=False` sends events through connexion's own routing; the answers are the same. `on_start`
    runs before the first request (in the process that serves, after any fork), `on_stop` after
    the last. `observe` is told what `intake` does not see, `stranger` what is about no event.
    Raises ConfigError when two operations share a path; what connexion does not take of the
    document stops the start of the server.
    """
    contract = catalogue.contract
    operations = [operation for operation in contract.operations if operation.over_http]
    app = AsyncApp(
        __name__,
        lifespan=_lifespan(on_start, on_stop),
        resolver=RelativeResolver(catalogue.operations),
        security_map=neutral.SECURITY,
        strict_validation=False,
        swagger_ui_options=SwaggerUIOptions(serve_spec=False, swagger_ui=False),
        validate_responses=False,
        validator_map=neutral.VALIDATORS,
    )
    app.add_url_rule(health.PATH, "healthz", health.Health())
    app.add_api(neutral.document(contract.document, operations), base_path="")
    app.add_error_handler(HTTPException, partial(_no_such_thing, stranger))
    app.add_error_handler(Exception, partial(_broken, stranger))
    # Around connexion, not among its middlewares: two of those stand before any that is added.
    capture = Lane if lane else Capture
    return capture(
        app,
        table=Table(operations),
        intake=intake,
        bodies=bodies or Bodies(),
        observe=observe,
        stranger=stranger,
    )


def _lifespan(on_start: Step, on_stop: Step) -> Callable[[Any], Any]:
    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        await on_start()
        settle()
        try:
            yield
        finally:
            await on_stop()

    return lifespan


def settle() -> None:
    """Have threads take quick turns, and spare the garbage collector what lives on.

    connexion and the contract are some 200,000 objects: to walk over them takes 30 ms, during which
    nobody is answered, and happened every few thousand requests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG)
    sys.setswitchinterval(SWITCH_SECONDS)


async def _no_such_thing(
    stranger: Stranger, request: ConnexionRequest, error: HTTPException
) -> ConnexionResponse:
    """What strangers get for what is not there; they are counted, not logged."""
    stranger(error.status_code, request.method, request.scope["path"])
    allow = (error.headers or {}).get("Allow")
    return response(answer.problem(error.status_code, allow))


async def _broken(
    stranger: Stranger, request: ConnexionRequest, error: Exception
) -> ConnexionResponse:
    """What is answered when something of ours or of connexion's broke."""
    _log.error("%r could not be answered", request.scope["path"], exc_info=error)
    if CAPTURED in request.scope:
        return response(answer.reply(answer.FAULT))
    stranger(500, request.method, request.scope["path"])
    return response(answer.problem(500))
