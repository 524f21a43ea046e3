"""What `receiver.http.protocol` uses of uvicorn's insides is as it was when it was written.

When this fails after an upgrade: read what changed in `uvicorn/protocols/http/`, make the protocol
follow, run tests/listeners, and only then write the new digests here and the new range of versions
in pyproject.toml.
"""

from __future__ import annotations

import ast
import asyncio
import hashlib
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import httptools
import pytest
import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import Server, ServerState

from receiver.http.ending import Ending
from receiver.http.flow import Flow
from receiver.http.protocol import Protocol

READ = {
    HttpToolsProtocol.__init__: "ef1b7c9c785b9967",
    HttpToolsProtocol.connection_made: "52a70c678525d887",
    HttpToolsProtocol.connection_lost: "8a5a84898dabba92",
    HttpToolsProtocol.eof_received: "463e2d67aaf510f8",
    HttpToolsProtocol.data_received: "8583b7d501b5b5dd",
    HttpToolsProtocol.on_message_begin: "4f7bac281585eb31",
    HttpToolsProtocol.on_url: "381560766601b143",
    HttpToolsProtocol.on_header: "fa663d220912eefa",
    HttpToolsProtocol.on_headers_complete: "f5d7f89383b961ff",
    HttpToolsProtocol._start_asgi_task: "bc55a6f4487614df",
    HttpToolsProtocol.on_body: "04bff947c3d58504",
    HttpToolsProtocol.on_message_complete: "4ce97e51d988d172",
    HttpToolsProtocol.on_response_complete: "3b835da51ff0d85f",
    HttpToolsProtocol.shutdown: "7fa717a61d60e60d",
    RequestResponseCycle.__init__: "6f7b16ad25eee559",
    RequestResponseCycle.run_asgi: "0295583c4f12783b",
    RequestResponseCycle.send: "e4355b337add5d7c",
    RequestResponseCycle.receive: "5c6d69bd5c2ebf73",
    FlowControl.__init__: "64e2f516ad5e4eab",
    FlowControl.pause_reading: "ad0b8b78885c902c",
    FlowControl.resume_reading: "73272cfeeda7aa3b",
    ServerState.__init__: "845d62a73c4688d0",
}
"""Everything that is overridden, called or relied on, and a digest of what it does."""

NEW = {
    *("look", "_about", "_end", "_refuse", "_part", "_begin", "_without_upgrade", "door", "leave"),
    *("desk", "_describe", "_to_messages", "parting", "finish", "_feed", "_take_familiar"),
}
"""What our protocol has beside uvicorn's."""


def digest(function: Callable[..., Any]) -> str:
    """Of what a function does: comments and layout do not count, nor does its docstring."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    body = tree.body[0]
    assert isinstance(body, ast.FunctionDef | ast.AsyncFunctionDef)
    if ast.get_docstring(body) is not None:
        del body.body[0]
    return hashlib.sha256(ast.unparse(tree).encode()).hexdigest()[:16]


@pytest.mark.parametrize("function", READ, ids=lambda function: function.__qualname__)
def test_what_was_read_is_what_is_installed(function: Callable[..., Any]) -> None:
    found = digest(function)
    assert found == READ[function], f"{function.__qualname__} of uvicorn {uvicorn.__version__}"


def test_nothing_of_uvicorns_is_hidden_by_accident() -> None:
    both = vars(Protocol).keys() | vars(Ending).keys()
    ours = {name for name in both if not name.startswith("__")}
    overridden = ours & set(dir(HttpToolsProtocol))
    assert ours - overridden == NEW
    assert {getattr(HttpToolsProtocol, name) for name in overridden} <= set(READ)
    assert {"resume_reading"} == set(vars(Flow)) & set(vars(FlowControl)) - {
        "__init__",
        "__module__",
        "__doc__",
        "__dict__",
        "__weakref__",
    }


def test_attributes_of_ours_are_not_uvicorns() -> None:
    config = uvicorn.Config(_nothing, http=Protocol, ws="none", log_config=None)
    config.load()
    loop = asyncio.new_event_loop()
    try:
        theirs = vars(HttpToolsProtocol(config, ServerState(), {}, loop))
        ours = vars(Protocol(config, ServerState(), {}, loop))
    finally:
        loop.close()
    added = ours.keys() - theirs.keys()
    expected = {"desk", "room", "behind_proxy", "loose", "deaf", "parting", "last_words", "noted"}
    assert added == {f"_{name}" for name in (*expected, "noted_at", "heads")}


def test_the_parser_says_where_an_upgrade_ends() -> None:
    data = b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
    with pytest.raises(httptools.HttpParserUpgrade) as caught:
        httptools.HttpRequestParser(object.__new__(_Callbacks)).feed_data(data + b"rest")
    assert caught.value.args == (len(data),)


def test_the_parser_tells_what_a_callback_raised() -> None:
    with pytest.raises(httptools.HttpParserCallbackError) as caught:
        httptools.HttpRequestParser(_Raising()).feed_data(b"GET / HTTP/1.1\r\nA: b\r\n\r\n")
    assert isinstance(caught.value.__context__, LookupError)


def test_uvicorn_makes_a_connection_of_the_class_it_is_given() -> None:
    config = uvicorn.Config(_nothing, http=Protocol, ws="none", log_config=None)
    config.load()
    assert config.http_protocol_class is Protocol
    assert config.ws_protocol_class is None
    called = "config.http_protocol_class(config=config, server_state=self.server_state, "
    called += "app_state=self.lifespan.state, _loop=_loop)"
    source = textwrap.dedent(inspect.getsource(Server.startup))
    assert called in ast.unparse(ast.parse(source))


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    """An application that never answers."""


class _Callbacks:
    """What a parser needs at least."""

    def on_headers_complete(self) -> None: ...


class _Raising(_Callbacks):
    def on_headers_complete(self) -> None:
        raise LookupError
