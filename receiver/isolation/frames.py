"""What a sink's process and its parent say to each other: length-prefixed msgpack over a socket.

A frame is four bytes of length, big-endian, and that many bytes of one message.
Must not know: who sends, what becomes of it.
"""

from __future__ import annotations

import struct
from datetime import datetime
from typing import Any

import msgspec

from receiver.plugins.address import Address

LONGEST = 64 * 1024 * 1024
"""Bytes of a frame that a parent takes; a sink's answers are much shorter."""
_LENGTH = struct.Struct(">I")


class Message(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """What all messages have in common."""


class Letter(msgspec.Struct, frozen=True, array_like=True):
    """An event on its way to a sink; `data` is decoded where it arrives."""

    seq: int
    id: str
    source: str
    type: str
    key: str | None
    time: datetime
    received_at: datetime
    node: str | None
    user: str | None
    raw: bytes
    attempt: int
    replay: bool
    released: bool
    trace: str | None = None


class Start(Message, frozen=True):
    """To the child, once: what to be."""

    route: str
    plugin: str
    origin: str
    address: Address
    settings: dict[str, Any]
    base: str | None
    """The folder that relative paths in the settings count from; None where they are whole."""
    package: str
    """The generated package of the contract, by its dotted name."""
    concurrency: int
    deadline: float
    memory: int
    parent: int
    """The parent's process id."""
    path: list[str]
    """Where modules are imported from."""
    pythonpath: str | None
    """What the environment says of it, for the processes that a sink starts."""
    output: int | None
    """The descriptor of the parent's standard output."""


class Open(Message, frozen=True):
    """To the child, once: open the sink. It answers Opened."""


class Call(Message, frozen=True):
    """To the child: call a hook. It answers Answer."""

    number: int
    hook: str
    listed: bool
    """Whether the hook takes a list of events."""
    letters: list[Letter]


class Close(Message, frozen=True):
    """To the child, once: close the sink. It answers Closed."""


class Implemented(msgspec.Struct, frozen=True, array_like=True):
    """A hook that a sink implements."""

    name: str
    asynchronous: bool


class Bound(Message, frozen=True):
    """To the parent, after Start: the sink's hooks, and the secrets among its settings."""

    hooks: list[Implemented]
    secrets: list[str]


class Unusable(Message, frozen=True):
    """To the parent, after Start: why the plugin cannot be the sink."""

    reason: str


class Report(msgspec.Struct, frozen=True, array_like=True):
    """What a call came to. Its texts hold no secrets."""

    kind: str
    """`value`, `list`, `other` (something no hook may return), `retry`, `reject` or `error`."""
    value: bool | None = None
    items: list[Report] = []
    text: str = ""
    """An exception's message, or another value in a few words."""
    name: str = ""
    """The exception's type."""
    trace: str = ""
    after: float | None = None
    overdue: bool = False


class Opened(Message, frozen=True):
    """To the parent, after Open."""

    report: Report


class Answer(Message, frozen=True):
    """To the parent, for each Call."""

    number: int
    report: Report


class Closed(Message, frozen=True):
    """To the parent, after Close."""

    report: Report


ToChild = Start | Open | Call | Close
ToParent = Bound | Unusable | Opened | Answer | Closed

_encoder = msgspec.msgpack.Encoder(enc_hook=str)  # a setting may be a path
to_child = msgspec.msgpack.Decoder(ToChild)
to_parent = msgspec.msgpack.Decoder(ToParent)


def frame(message: Message) -> bytes:
    """A message as it goes over the socket. Raises ValueError where it is longer than 4 GiB."""
    body = _encoder.encode(message)
    try:
        return _LENGTH.pack(len(body)) + body
    except struct.error:
        raise ValueError(f"a message of {len(body)} bytes is too long") from None


class Frames:
    """Takes bytes as they come, gives the messages that are complete."""

    def __init__(self, longest: int | None = None) -> None:
        self._longest = longest
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Raises ValueError for a message that is longer than it may be."""
        self._buffer += data
        found = []
        at = 0
        while len(self._buffer) - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer, at)
            if self._longest is not None and length > self._longest:
                raise ValueError(f"a message of {length} bytes")
            end = at + _LENGTH.size + length
            if end > len(self._buffer):
                break
            found.append(bytes(memoryview(self._buffer)[at + _LENGTH.size : end]))
            at = end
        del self._buffer[:at]
        return found
