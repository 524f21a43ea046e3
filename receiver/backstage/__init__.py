"""Everything beside the web workers: routes, the loop that delivers, the admin listener.

One process holds the store's lease at a time. Must not know: the public listener, the command line.
"""

from receiver.backstage.decided import Decided
from receiver.backstage.lease import Lease
from receiver.backstage.listener import Listener
from receiver.backstage.operators import Operators
from receiver.backstage.pulls import pulls
from receiver.backstage.routes import importable, routes, unusable
from receiver.backstage.stage import Stage
from receiver.backstage.thread import Backstage
from receiver.composition import open_inbox

__all__ = [
    "Backstage",
    "Decided",
    "Lease",
    "Listener",
    "Operators",
    "Stage",
    "importable",
    "open_inbox",
    "pulls",
    "routes",
    "unusable",
]
