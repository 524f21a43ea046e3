"""A retranslation server that decodes by the specification alone, in a thread of its own."""

from __future__ import annotations

import socketserver
import struct
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Received:
    ident: str
    time: int
    mask: int
    values: dict[str, Any]
    hidden: set[str]


def decode(content: bytes) -> Received:
    """A packet without its size. Shares nothing with the sink."""
    ident, _, rest = content.partition(b"\0")
    time, mask = int.from_bytes(rest[:4], "big", signed=True), int.from_bytes(rest[4:8], "big")
    found = Received(ident.decode("ascii"), time, mask, {}, set())
    rest = rest[8:]
    while rest:
        assert rest[:2] == b"\x0b\xbb", rest[:2]
        size = int.from_bytes(rest[2:6], "big")
        block, rest = rest[6 : 6 + size], rest[6 + size :]
        assert len(block) == size
        raw_name, _, value = block[2:].partition(b"\0")
        name = raw_name.decode("ascii")
        assert len(name) <= 38
        if block[0]:
            found.hidden.add(name)
        found.values[name] = READ[block[1]](value)
    return found


def text(value: bytes) -> str:
    assert value.endswith(b"\0")
    return value[:-1].decode("ascii")


def binary(value: bytes) -> Any:
    assert len(value) == 29
    longitude, latitude, altitude = struct.unpack("<3d", value[:24])
    speed, course = struct.unpack(">2h", value[24:28])
    return longitude, latitude, altitude, speed, course, value[28]


READ = {
    1: text,
    2: binary,
    3: lambda value: struct.unpack(">i", value)[0],
    4: lambda value: struct.unpack("<d", value)[0],
    5: lambda value: struct.unpack(">q", value)[0],
}


@dataclass
class Server:
    port: int = 0
    packets: list[bytes] = field(default_factory=list)
    """Whole, with their sizes."""
    connections: int = 0
    answers: list[bytes] = field(default_factory=list)
    """What the next packets are answered; then 0x11. Nothing: the connection is closed."""
    silent: bool = False

    @property
    def received(self) -> list[Received]:
        return [decode(packet[4:]) for packet in self.packets]


class Handler(socketserver.StreamRequestHandler):
    seen: Server

    def handle(self) -> None:
        seen = self.seen
        seen.connections += 1
        while size := self.rfile.read(4):
            content = self.rfile.read(int.from_bytes(size, "little"))
            seen.packets.append(size + content)
            answer = seen.answers.pop(0) if seen.answers else b"\x11"
            if not answer:
                return
            if not seen.silent:
                self.wfile.write(answer)


class Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64
