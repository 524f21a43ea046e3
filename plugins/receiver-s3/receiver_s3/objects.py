"""What becomes an object: which events, under which key, in which bytes.

The same events make the same key and the same bytes, so writing them again changes nothing. Must
not know: S3.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Literal

import zstandard

from receiver import Event

Compression = Literal["gzip", "zstd", "none"]
SUFFIXES = {"gzip": ".jsonl.gz", "zstd": ".jsonl.zst", "none": ".jsonl"}
ENCODINGS = {"gzip": "gzip", "zstd": "zstd", "none": None}
DIGITS = 20
"""Digits of a position, so that the order of keys is the order of positions."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event as it is written."""

    event: Event[Any]
    text: bytes
    """Without a line end."""


def line(body: bytes) -> bytes:
    """A body as one line: in JSON a line break stands only between tokens."""
    return body.replace(b"\r", b" ").replace(b"\n", b" ").strip()


def folder(event: Event[Any], pattern: str) -> str:
    """Where an event's object lies, by the source and the UTC time at which it was received."""
    return event.received_at.astimezone(UTC).strftime(
        pattern.replace("{source}", event.source.replace("%", "%%"))
    )


def grouped(lines: Sequence[Line], pattern: str) -> dict[str, list[Line]]:
    """The lines by their folder, in their order."""
    groups: dict[str, list[Line]] = {}
    for each in lines:
        groups.setdefault(folder(each.event, pattern), []).append(each)
    return groups


def key(prefix: str, place: str, lines: Sequence[Line], compression: Compression) -> str:
    """The key of these lines' object: the span of positions, and which events they are."""
    first, last = lines[0].event.seq, lines[-1].event.seq
    told = "\n".join(each.event.id for each in lines)
    which = hashlib.sha256(told.encode()).hexdigest()[:16]
    name = f"{first:0{DIGITS}}-{last:0{DIGITS}}-{which}{SUFFIXES[compression]}"
    return f"{prefix}{place}/{name}"


def packed(lines: Sequence[Line], compression: Compression) -> bytes:
    """The object's bytes."""
    content = b"".join(each.text + b"\n" for each in lines)
    if compression == "gzip":
        return gzip.compress(content, mtime=0)
    if compression == "zstd":
        return zstandard.ZstdCompressor(level=3).compress(content)
    return content
