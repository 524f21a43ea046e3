"""Nobody outside can make a series: labels are of the contract, the configuration, or our own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from receiver.catalogue import Catalogue
from receiver.http.app import build
from receiver.inbox.memory import MemoryInbox
from receiver.intake import Intake
from receiver.keyring import HeaderSecret, Keyring, Secret, SourceKeys
from receiver.metrics import Exposition, Ingest

KEYS = SourceKeys((Secret("main", b"hush"),), headers=(HeaderSecret("X-Flespi-Key", "k", b"key"),))
TEXT = st.text(max_size=30)
PATHS = ("/flespi/messages", "/gridx/events", "/rainmaker/events/node_connected", "/healthz")
HEADERS = (b"x-signature", b"x-gridx-signature", b"user-agent", b"content-encoding")


def series(folder: Path, served: Catalogue) -> set[str]:
    text = Exposition(served.contract, folder)()[0].decode()
    return {line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")}


@st.composite
def hostile(draw: Any) -> tuple[str, str, list[tuple[bytes, bytes]], bytes]:
    """A request of a stranger, or of a sender who proves who it is and sends what it likes."""
    message = {"type": draw(TEXT), "id": draw(TEXT), "ident": draw(TEXT)}
    told = msgspec.json.encode(draw(st.sampled_from([message, [message], [message, 1, None]])))
    return (
        draw(st.sampled_from(["POST", "POST", "POST", "GET", "BREW"])),
        draw(st.sampled_from(PATHS) | TEXT.map(lambda text: "/" + text)),
        [
            (draw(st.sampled_from(HEADERS)), draw(st.binary(max_size=30))),
            (b"x-flespi-key", draw(st.sampled_from([b"key", b"x"]))),
        ],
        draw(st.just(told) | st.binary(max_size=40)),
    )


async def ask(
    app: Any, method: str, path: str, headers: list[tuple[bytes, bytes]], body: bytes
) -> int:
    """The status that a request is answered with."""
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode("utf-8", "replace"),
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": headers,
        "client": ("192.0.2.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    return statuses[0]


def test_no_request_makes_a_series(served: Catalogue, folder: Path) -> None:
    ingest = Ingest(served.contract, folder)
    keys = Keyring(dict.fromkeys(served.contract.sources, KEYS))
    intake = Intake(served, keys, MemoryInbox(), observer=ingest.observe)
    app = build(served, intake, observe=ingest.observe, stranger=ingest.stranger)
    before = series(folder, served)
    seen: set[int] = set()

    @given(hostile())
    @settings(max_examples=150, deadline=None)
    def nothing_new(request: tuple[str, str, list[tuple[bytes, bytes]], bytes]) -> None:
        async def one() -> None:
            seen.add(await ask(app, *request))
            ingest.flush()

        ingest._waiting = True  # no timer: each example has a loop of its own
        asyncio.run(one())
        assert series(folder, served) == before

    nothing_new()
    assert {200, 401, 404, 405} <= seen


def test_there_are_as_many_series_as_sources_make_them(served: Catalogue, folder: Path) -> None:
    assert len(series(folder, served)) <= 14 * len(served.contract.sources) + 50
