"""A Receiver sink that sends messages of trackers by Wialon Retranslator 1.0 over TCP.

Must not know: anything of Receiver but its public names.
"""

from receiver_wialon.sink import Wialon

__all__ = ["Wialon"]
__version__ = "0.1.0"
