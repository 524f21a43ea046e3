"""Whatever is sent to the management API, in whatever order: never 5xx, always as documented."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.stateful import run_state_machine_as_test
from openapi_spec_validator import validate
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from steered import PASSWORD, delivered

from receiver import configured
from receiver.decisions import Book, Seal
from receiver.inbox.sqlite import open_store
from receiver.management.accounts import Accounts
from receiver.management.app import DOCUMENT, Ground, build
from receiver.settings.file import load

T = TypeVar("T")
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
SHORT = settings(
    max_examples=10,
    stateful_step_count=8,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Served:
    """The API on a port of its own, for one superadmin."""

    def __init__(self, folder: Path) -> None:
        (folder / "receiver.toml").write_text('[endpoints.lake]\nsink = "console"\n')
        found = load(folder / "receiver.toml", {}, ())
        plugins = configured.plugins(found)
        self._inbox = open_store(folder / "inbox.db")
        seal = Seal(folder, {})
        ground = Ground(
            present=lambda: (found, plugins),
            catalogue=configured.catalogue(found),
            inbox=self._inbox,
            registry=self._inbox.registry,
            seal=seal,
            probe=delivered,
        )
        self._book = Book(self._inbox.registry)
        self._accounts = Accounts(self._book, seal, self._inbox)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(build(ground), log_level="warning", lifespan="off")
        self._server = uvicorn.Server(config)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._serving: Future[None] | None = None

    def __enter__(self) -> Served:
        self._thread.start()
        self.token = self._run(self._begin())
        self._serving = asyncio.run_coroutine_threadsafe(
            self._server.serve(sockets=[self._socket]), self._loop
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._serving is not None
        self._server.should_exit = True
        self._serving.result(30)
        self._run(self._inbox.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def clear(self) -> None:
        """Forget what was made, but for the one who asks."""
        self._run(self._clear())

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _begin(self) -> str:
        await self._accounts.enrol("root", PASSWORD, "superadmin", who="test")
        _, token = await self._accounts.grant("root", label="mine", who="test")
        return token

    async def _clear(self) -> None:
        gone: list[Any] = [*await self._book.routes(), *await self._book.filters()]
        gone += [user for user in await self._book.users() if user.name != "root"]
        gone += [token for token in await self._book.tokens() if token.label != "mine"]
        await self._book.change([], gone=gone, who="test", action="clear")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("robust")) as running:
        yield running


def test_the_document_is_openapi() -> None:
    validate(dict(DOCUMENT))  # type: ignore[arg-type]


def schema_of(served: Served) -> Any:
    schema = schemathesis.openapi.from_dict(dict(DOCUMENT))
    schema.config.update(base_url=served.url, headers={"authorization": served.token})
    return schema


def test_any_request_is_answered_as_documented(served: Served) -> None:
    for result in schema_of(served).get_all_operations():

        @SHORT
        @given(case=result.ok().as_strategy())
        def ask(case: Any) -> None:
            case.call_and_validate(checks=CHECKS)

        ask()


def test_any_order_of_requests_is_answered_as_documented(served: Served) -> None:
    machine = schema_of(served).as_state_machine()

    class Conforming(machine):  # type: ignore[misc, valid-type]
        def setup(self) -> None:
            served.clear()

        def validate_response(self, response: Any, case: Any, **given: Any) -> None:
            case.validate_response(response, checks=CHECKS)

    run_state_machine_as_test(Conforming, settings=SHORT)
