"""What authors of plugins test with: a suite of promises, events, a delivery, a real receiver.

pytest imports this package wherever Receiver is installed, so each name is loaded when it is asked
for. Must not know: how a receiver works inside; it is used as anybody would use it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from receiver.testing.delivery import OpenedSink, Result, deliver, delivering
    from receiver.testing.handclock import HandClock
    from receiver.testing.process import RunningReceiver
    from receiver.testing.recorder import Answer, Recorded, RecordingServer
    from receiver.testing.sample import every_event, sample_event
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

_PLACES = {
    **dict.fromkeys(("OpenedSink", "Result", "deliver", "delivering"), "delivery"),
    **dict.fromkeys(("Answer", "Recorded", "RecordingServer"), "recorder"),
    **dict.fromkeys(("every_event", "sample_event"), "sample"),
    "HandClock": "handclock",
    "RunningReceiver": "process",
    "SinkSuite": "suite",
}


def __getattr__(name: str) -> Any:
    """A public name, from the module that has it."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
