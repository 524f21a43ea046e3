"""What authors of plugins test with: a suite of promises, events, a delivery, a real receiver.

Must not know: how a receiver works inside; it is used as anybody would use it.
"""

from typing import TYPE_CHECKING, Any

from receiver.testing.delivery import OpenedSink, Result, deliver, delivering
from receiver.testing.handclock import HandClock
from receiver.testing.process import RunningReceiver
from receiver.testing.recorder import Answer, Recorded, RecordingServer
from receiver.testing.sample import every_event, sample_event

if TYPE_CHECKING:
    from receiver.testing.suite import SinkSuite

__all__ = [
    "Answer",
    "HandClock",
    "OpenedSink",
    "Recorded",
    "RecordingServer",
    "Result",
    "RunningReceiver",
    "SinkSuite",
    "deliver",
    "delivering",
    "every_event",
    "sample_event",
]


def __getattr__(name: str) -> Any:
    """`SinkSuite`, which needs pytest, once somebody asks for it."""
    if name != "SinkSuite":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from receiver.testing.suite import SinkSuite

    return SinkSuite
