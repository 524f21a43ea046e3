"""Receiver: one OpenAPI file becomes a public webhook receiver. What plugin authors import."""

from receiver.body import Body, BodySettings
from receiver.errors import Reject, Retry
from receiver.event import Event, Payload
from receiver.hookspecs import hookimpl, hookstub
from receiver.sink import Sink
from receiver.transport import Batch, Message, Transport

__all__ = [
    "Batch",
    "Body",
    "BodySettings",
    "Event",
    "Message",
    "Payload",
    "Reject",
    "Retry",
    "Sink",
    "Transport",
    "hookimpl",
    "hookstub",
]
__version__ = "0.1.0"
