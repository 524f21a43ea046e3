"""The application of the management API: its OpenAPI document on connexion, behind the gate.

Requests and responses are validated by connexion against the document. Must not know: settings'
files, listeners, how anything is decided.
"""

from __future__ import annotations

import asyncio
import copy
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from receiver.catalogue import Catalogue
from receiver.decisions import Book, Seal, Token
from receiver.errors import ConfigError, StoreError
from receiver.inbox import Inbox
from receiver.inbox.registry import Registry
from receiver.management.accounts import Accounts
from receiver.management.arrivals import Arrivals
from receiver.management.caller import Refused
from receiver.management.dialects import JSON, failure
from receiver.management.document import document
from receiver.management.filters import FilterBook
from receiver.management.framework import (
    AsyncApp,
    ConnexionRequest,
    ConnexionResponse,
    ProblemException,
    Resolver,
    SwaggerUIOptions,
    request,
)
from receiver.management.gate import CALLER, USED, Gate
from receiver.management.hooks import UserHooks
from receiver.management.integrations import Integrations
from receiver.management.logins import Logins, uncounted
from receiver.management.native import Native, Probe
from receiver.management.routes import Routes
from receiver.management.rules import METHODS, Rule, Rules
from receiver.plugins import Plugin
from receiver.settings import Configuration

_log = logging.getLogger("receiver.management")

DOCUMENT = document()
"""The API."""

Handler = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the management API stands on."""

    present: Callable[[], tuple[Configuration, Mapping[str, Plugin]]]
    """The configuration and the plugins of now."""
    catalogue: Catalogue
    inbox: Inbox
    registry: Registry
    seal: Seal
    probe: Probe
    login_refused: Callable[[str], None] = uncounted
    """See Logins."""


def build(ground: Ground) -> ASGIApp:
    """The application. Raises ConfigError for an operation that does not say who may use it."""
    book = Book(ground.registry)
    rules = Rules(DOCUMENT)
    accounts = Accounts(book, ground.seal, ground.inbox)
    app = AsyncApp(
        __name__,
        strict_validation=True,
        validate_responses=True,
        resolver=Resolver(_finder(_handlers(ground, book, accounts))),
        swagger_ui_options=SwaggerUIOptions(serve_spec=False, swagger_ui=False),
    )
    app.add_api(_ungated(), base_path="")
    told = _Failures(rules)
    app.add_error_handler(ProblemException, told.problem)
    app.add_error_handler(HTTPException, told.problem)
    app.add_error_handler(Refused, told.refused)
    app.add_error_handler(StoreError, told.store)
    app.add_error_handler(ConfigError, told.store)
    app.add_error_handler(Exception, told.fault)
    return Gate(app, rules, book, ground.seal, _LastUse(accounts).note)


def _handlers(ground: Ground, book: Book, accounts: Accounts) -> dict[str, Handler]:
    """What does each operation, by its id."""
    contract = ground.catalogue.contract
    routes = Routes(ground.present, ground.catalogue, book, ground.seal, ground.inbox)
    filters = FilterBook(
        contract, book, default=lambda: routes.found.settings.filters.default == "enabled"
    )
    integrations = Integrations(
        contract, routes, filters, Logins(book, refused=ground.login_refused)
    )
    rooms = {
        "native": Native(routes, filters, ground.probe),
        "arrivals": Arrivals(ground.inbox),
        "accounts": accounts,
        "integrations": integrations,
        "hooks": UserHooks(contract, routes, book, ground.seal),
    }
    same = {
        "login2": "login",
        "create_own_filter": "create_filter",
        "update_own_filter": "update_filter",
        "delete_own_filter": "delete_filter",
    }
    handlers: dict[str, Handler] = {}
    for rule in Rules(DOCUMENT).all:
        room, _, name = rule.id.partition(".")
        handlers[rule.id] = getattr(rooms[room], same.get(name, name))
    return handlers


def _ungated() -> dict[str, Any]:
    """The document without its security, which the gate has looked after by then."""
    ungated: dict[str, Any] = copy.deepcopy(dict(DOCUMENT))
    del ungated["security"]
    for item in ungated["paths"].values():
        for method in METHODS:
            item.get(method, {}).pop("security", None)
    return ungated


def _finder(handlers: Mapping[str, Handler]) -> Callable[[str], Handler]:
    """For connexion: the function of an operation, called with what the document declares."""
    named = {rule.id: rule for rule in Rules(DOCUMENT).all}

    def find(operation: str) -> Handler:
        handler, rule = handlers[operation], named[operation]
        localized = "accept_language" in inspect.signature(handler).parameters

        async def endpoint(**given: Any) -> Any:
            if localized:
                given["accept_language"] = request.headers.get("accept-language", "")
            found = await handler(request.scope.get(CALLER), **given)
            body, status = found if isinstance(found, tuple) else (found, 200)
            typed = {} if body is None else {"content-type": JSON}
            return body, status, {"cache-control": "no-store", **typed}

        # connexion gives a function what its signature names.
        parameters = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in _arguments(rule)
        ]
        endpoint.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return endpoint

    return find


def _arguments(rule: Rule) -> set[str]:
    """The names of an operation's path and query parameters, and `body` where it has one."""
    item = DOCUMENT["paths"][rule.path]
    operation = item[rule.method.lower()]
    declared = [*item.get("parameters", ()), *operation.get("parameters", ())]
    shared = DOCUMENT["components"]["parameters"]
    found = [shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in declared]
    names = {one["name"] for one in found if one["in"] != "header"}
    return names | ({"body"} if "requestBody" in operation else set())


class _Failures:
    """What went wrong, told in the dialect of the path that was asked for."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    async def problem(self, request: ConnexionRequest, error: Any) -> ConnexionResponse:
        """A request that connexion does not take."""
        status = getattr(error, "status", None) or error.status_code
        if status >= 500:
            _log.error("%s: an answer breaks the API: %s", request.scope["path"], error)
            return self._told(request, 500, "internal error")
        return self._told(request, status, str(error.detail).partition("\n")[0])

    async def refused(self, request: ConnexionRequest, error: Any) -> ConnexionResponse:
        """A request that is not granted."""
        return self._told(request, error.status, str(error), error.retry_after)

    async def store(self, request: ConnexionRequest, error: Exception) -> ConnexionResponse:
        """What cannot be kept or read now."""
        _log.warning("%s: %s", request.scope["path"], error)
        return self._told(request, 503, str(error), 5)

    async def fault(self, request: ConnexionRequest, error: Exception) -> ConnexionResponse:
        """A fault of ours."""
        _log.error("%s could not be answered", request.scope["path"], exc_info=error)
        return self._told(request, 500, "internal error")

    def _told(
        self,
        request: ConnexionRequest,
        status: int,
        reason: str,
        retry_after: int | None = None,
    ) -> ConnexionResponse:
        body, media_type = failure(self._rules.dialect(request.scope["path"]), status, reason)
        headers = {"cache-control": "no-store"}
        if retry_after is not None:
            headers["retry-after"] = str(retry_after)
        return ConnexionResponse(
            status_code=status, body=body, headers=headers, content_type=media_type
        )


class _LastUse:
    """Keeps when tokens were used last, each about once a minute."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._noted: dict[str, datetime] = {}
        self._notes: set[asyncio.Task[None]] = set()

    def note(self, token: Token, at: datetime) -> None:
        """A token was used; nobody waits until that is kept."""
        before = self._noted.get(token.id)
        if before is not None and at - before < USED:
            return
        self._noted = {id: then for id, then in self._noted.items() if at - then < USED}
        self._noted[token.id] = at
        task = asyncio.create_task(self._keep(token, at))
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    async def _keep(self, token: Token, at: datetime) -> None:
        with suppress(StoreError):  # the next use is kept, if the store is well again then
            await self._accounts.used(token, at)
