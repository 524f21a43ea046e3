"""What the public listener answers, with the lane and without it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import Message

from receiver.errors import StoreError
from receiver.http.app import build
from receiver.http.body import Bodies
from receiver.inbox.memory import MemoryInbox
from receiver.intake import Intake


async def test_a_signed_sample_of_every_operation_is_taken(platforms: Any, door: Any) -> None:
    for operation in platforms.operations:
        answer = await door.post(operation)
        assert answer.status == 200, operation.id
        assert json.loads(answer.body)["status"] != "quarantined", (operation.id, answer.body)


async def test_an_unsigned_request_is_refused_with_an_empty_body(platforms: Any, door: Any) -> None:
    answer = await door.ask("POST", platforms.operations[0].path, chunks=[b"{}"])
    assert (answer.status, answer.body) == (401, b"")
    assert answer.headers["content-length"] == "0"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
async def test_an_event_path_takes_nothing_but_post(platforms: Any, door: Any, method: str) -> None:
    answer = await door.ask(method, platforms.operations[0].path)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["/", "/openapi.json", "/openapi.yaml", "/ui", "/ui/", "/docs", "/metrics", "/%00"]
)
async def test_nothing_else_is_shown(door: Any, path: str) -> None:
    answer = await door.ask("GET", path)
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert json.loads(answer.body) == {"type": "about:blank", "title": "Not Found", "status": 404}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/healthz", "/healthz/"])
async def test_health_is_public(door: Any, method: str, path: str) -> None:
    answer = await door.ask(method, path)
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")


async def test_health_is_read_only(door: Any) -> None:
    answer = await door.ask("POST", "/healthz")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("end", ["/", "//", "///"])
async def test_a_trailing_slash_is_taken_and_never_redirected(
    platforms: Any, door: Any, end: str
) -> None:
    operation = platforms.operations[0]
    body = platforms.sample(operation)
    headers = platforms.sign(operation, body)
    answer = await door.ask("POST", operation.path + end, headers=headers, chunks=[body])
    assert answer.status == 200


async def test_a_line_break_after_an_event_path_is_another_path(platforms: Any, door: Any) -> None:
    operation = platforms.operations[0]
    body = platforms.sample(operation)
    headers = platforms.sign(operation, body)
    answer = await door.ask("POST", operation.path + "\n", headers=headers, chunks=[body])
    assert answer.status == 404


async def test_a_receiver_mounted_below_a_prefix_takes_events_there(
    platforms: Any, door: Any
) -> None:
    operation = platforms.operations[0]
    body = platforms.sample(operation)
    headers = platforms.sign(operation, body)
    path = "/hooks" + operation.path
    answer = await door.ask("POST", path, headers=headers, chunks=[body], root="/hooks")
    assert answer.status == 200
    assert (await door.ask("GET", "/hooks/healthz", root="/hooks")).status == 200


async def test_headers_and_bodies_beyond_the_limits_are_refused(platforms: Any, door: Any) -> None:
    operation = platforms.operations[0]
    many = [(b"x-filler", b"x")] * 101
    assert (await door.ask("POST", operation.path, headers=many)).status == 431
    half = bytes(operation.limits.body // 2 + 1)
    answer = await door.ask("POST", operation.path, chunks=[half, half])
    assert answer.status == 413


@pytest.mark.parametrize("lane", [True, False], ids=["lane", "connexion"])
async def test_too_many_bodies_in_memory_are_answered_come_again(
    platforms: Any, make_door: Callable[..., Any], lane: bool
) -> None:
    door = make_door(lane=lane, options={"bodies": Bodies(bytes_in_flight=4)})
    answer = await door.ask("POST", platforms.operations[0].path, chunks=[b"12345"])
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("lane", [True, False], ids=["lane", "connexion"])
async def test_a_body_is_forgotten_once_it_is_answered(
    platforms: Any, make_door: Callable[..., Any], lane: bool
) -> None:
    bodies = Bodies()
    door = make_door(lane=lane, options={"bodies": bodies})
    await door.post(platforms.operations[0])
    await door.ask("POST", platforms.operations[0].path, chunks=[b"{"])
    assert bodies.held == 0


class FullInbox(MemoryInbox):
    """A store whose disk is full."""

    async def append(self, batch: Any, cursor: Any = None) -> Any:
        raise StoreError("the disk is full")


class BrokenIntake(Intake):
    """An intake with a fault of ours in it."""

    async def ingest(self, *request: Any) -> Any:
        raise RuntimeError("a fault of ours")


@pytest.mark.parametrize("lane", [True, False], ids=["lane", "connexion"])
async def test_a_store_that_cannot_keep_is_answered_come_again(
    platforms: Any, make_door: Callable[..., Any], lane: bool
) -> None:
    answer = await make_door(lane=lane, inbox=FullInbox()).post(platforms.operations[0])
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0


async def test_a_fault_of_ours_is_logged_and_answered_come_again(
    platforms: Any, door: Any, faults: list[str]
) -> None:
    served = platforms.catalogue
    broken = BrokenIntake(served, platforms.keyring, MemoryInbox())
    door.app = build(served, broken, lane=door.lane)
    answer = await door.post(platforms.operations[0])
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    assert any(platforms.operations[0].id in message for message in faults)


async def test_a_fault_on_the_way_through_connexion_is_logged_and_answered_come_again(
    platforms: Any,
    make_door: Callable[..., Any],
    faults: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fault() -> None:
        raise RuntimeError("a fault of ours")

    operation = platforms.operations[0]
    monkeypatch.setattr(f"{platforms.catalogue.operations}.{operation.id}", fault)
    door = make_door(lane=False)
    answer = await door.post(operation)
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    assert faults == [f"{operation.path!r} could not be answered"]


async def test_strangers_are_counted_and_refusals_observed(
    platforms: Any, make_door: Callable[..., Any]
) -> None:
    for lane in (True, False):
        strangers: list[tuple[int, str, str]] = []
        refused: list[str] = []
        options = {
            "stranger": lambda *told, strangers=strangers: strangers.append(told),
            "observe": lambda operation, outcome, refused=refused: refused.append(
                f"{operation.id} {type(outcome).__name__}"
            ),
        }
        door = make_door(lane=lane, options=options)
        operation = platforms.operations[0]
        await door.ask("GET", "/wp-login.php")
        await door.ask("GET", operation.path)
        await door.ask("POST", operation.path, headers=[(b"x", b"y")] * 101)
        assert strangers == [(404, "GET", "/wp-login.php"), (405, "GET", operation.path)]
        assert refused == [f"{operation.id} HeadersTooLarge"]


async def test_a_web_socket_is_turned_away(platforms: Any, door: Any) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": platforms.operations[0].path, "headers": []}
    await door.app(scope, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_the_application_opens_and_closes_what_it_was_given(
    make_door: Callable[..., Any],
) -> None:
    steps: list[str] = []

    async def start() -> None:
        steps.append("start")

    async def stop() -> None:
        steps.append("stop")

    door = make_door(options={"on_start": start, "on_stop": stop})
    heard = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> Message:
        steps.append(heard[0]["type"])
        return heard.pop(0)

    async def send(message: Message) -> None:
        steps.append(message["type"])

    await door.app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
    assert steps == [
        "lifespan.startup",
        "start",
        "lifespan.startup.complete",
        "lifespan.shutdown",
        "stop",
        "lifespan.shutdown.complete",
    ]
