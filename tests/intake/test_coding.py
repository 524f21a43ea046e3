"""Compressed bodies: proved as sent, unpacked within bounds, kept either way."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from receiver.replies import TooLarge

ON = {"id": "1", "kind": "thing/on", "thing": "t-7", "at": "2026-01-15T09:00:00+01:00", "level": 3}


def packed(data: bytes) -> bytes:
    """The same at any time: a test is known by its parameters."""
    return gzip.compress(data, mtime=0)


async def test_a_compressed_body_is_verified_as_sent_and_kept_unpacked(bench: Any) -> None:
    assert await bench.fates(ON, packed=True) == ["accepted"]

    [event] = await bench.kept()
    assert json.loads(event.raw) == ON


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data, wbits=-15)),
        ("GZIP", gzip.compress),
        ("x-gzip", lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])),
        ("identity", bytes),
    ],
)
async def test_every_usual_coding_is_unpacked(
    bench: Any, coding: str, pack: Callable[[bytes], bytes]
) -> None:
    body = pack(json.dumps(ON).encode())

    assert await bench.fates(body, headers=[("Content-Encoding", coding)]) == ["accepted"]


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("br", b"{}"),
        ("gzip, gzip", packed(packed(b"{}"))),
        ("gzip", b"{}"),
        ("gzip", packed(b'{"kind":"ping"}')[:-4]),
        ("gzip", packed(b"{}") + b"garbage"),
        ("gzip", packed(b"") * 65),
        ("deflate", b"{}"),
        ("deflate", b""),
        ("\xff", b"{}"),
    ],
)
async def test_an_authentic_body_that_cannot_be_unpacked_is_kept_as_sent(
    bench: Any, coding: str, body: bytes
) -> None:
    [problem] = await bench.problems(body, headers=[("Content-Encoding", coding)])

    [event] = await bench.quarantined()
    assert "Content-Encoding" in problem
    assert event.raw == body


async def test_a_decompression_bomb_is_too_large_and_never_in_memory(bench: Any) -> None:
    bomb = gzip.compress(b"0" * 50_000_000)

    assert await bench.send(bomb, headers=[("Content-Encoding", "gzip")]) == TooLarge(8192, True)
    assert await bench.send(b" " * 8192 + b"1", packed=True) == TooLarge(8192, True)
    assert await bench.fates(b'{"kind":"ping"}' + b" " * 8177, packed=True) == ["accepted"]
