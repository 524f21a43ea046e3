"""The test kit: a real receiver in a process of its own, and sample events of the contract.

Must not know: how a receiver works inside; it is used as anybody would use it.
"""

from receiver.testing.process import RunningReceiver
from receiver.testing.sample import sample_event

__all__ = ["RunningReceiver", "sample_event"]
