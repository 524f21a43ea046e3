"""Packets of Wialon Retranslator 1.0 (Gurtam, "WialonRetranslator 1.0").

Sizes of packets and doubles are little-endian, everything else is big-endian. Must not know: where
the values come from, connections.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

POSITION, INPUTS, OUTPUTS, ALARM, DRIVER = 0x01, 0x02, 0x04, 0x10, 0x20
"""Bits of a packet's mask."""
BLOCK = 0x0BBB
TEXT, BINARY, INT, DOUBLE, LONG = 1, 2, 3, 4, 5
"""Types of a block's value."""
LONGEST_NAME = 38
"""Bytes of a block's name."""

Value = str | int | float | bytes


@dataclass(frozen=True, slots=True)
class Block:
    """One parameter of a message."""

    name: str
    value: Value
    """Bytes are sent as they are; a text as ASCII, with `?` for what is not."""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """Where something is."""

    longitude: float
    latitude: float
    altitude: float = 0.0
    """Metres."""
    speed: int = 0
    """km/h."""
    course: int = 0
    """Degrees, 0 to 359."""
    satellites: int = 0

    def block(self) -> Block:
        """The block `posinfo`."""
        where = struct.pack("<ddd", self.longitude, self.latitude, self.altitude)
        going = struct.pack(">hhB", self.speed, self.course, self.satellites)
        return Block("posinfo", where + going, hidden=True)


def packet(ident: str, time: int, mask: int, blocks: Sequence[Block]) -> bytes:
    """One message. `time` in seconds since the epoch.

    Raises ValueError for an ident or a time that cannot be sent.
    """
    if not ident or not ident.isascii() or "\0" in ident:
        raise ValueError("an ident is ASCII text")
    if not -(2**31) <= time < 2**31:
        raise ValueError("the time is out of 32 bits")
    head = ident.encode("ascii") + b"\0" + struct.pack(">iI", time, mask)
    content = head + b"".join(map(_encoded, blocks))
    return struct.pack("<I", len(content)) + content


def _encoded(block: Block) -> bytes:
    kind, value = _value(block.value)
    name = _ascii(block.name)[:LONGEST_NAME] + b"\0"
    content = struct.pack(">BB", block.hidden, kind) + name + value
    return struct.pack(">HI", BLOCK, len(content)) + content


def _value(value: Value) -> tuple[int, bytes]:
    if isinstance(value, bytes):
        return BINARY, value
    if isinstance(value, str):
        return TEXT, _ascii(value) + b"\0"
    if isinstance(value, float):
        return DOUBLE, struct.pack("<d", value)
    if -(2**31) <= value < 2**31:
        return INT, struct.pack(">i", value)
    if -(2**63) <= value < 2**63:
        return LONG, struct.pack(">q", value)
    return TEXT, str(value).encode("ascii") + b"\0"


def _ascii(text: str) -> bytes:
    """A text without what would end it early."""
    return text.replace("\0", "?").encode("ascii", "replace")
