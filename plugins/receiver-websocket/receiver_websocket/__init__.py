"""A Receiver sink that relays events live to browsers, by WebSocket.

Must not know: anything of Receiver but its public names.
"""

from receiver_websocket.sink import WebSocket

__all__ = ["WebSocket"]
__version__ = "0.1.0"
