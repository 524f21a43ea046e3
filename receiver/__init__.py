"""Receiver: one OpenAPI file becomes a public webhook receiver. What plugin authors import."""

from receiver.errors import Reject, Retry
from receiver.event import Event, Payload
from receiver.hookspecs import hookimpl
from receiver.sink import Sink

__all__ = ["Event", "Payload", "Reject", "Retry", "Sink", "hookimpl"]
__version__ = "0.1.0"
