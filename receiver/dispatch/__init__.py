"""Delivers what is in the inbox: each route on its own, in order per node, until it is taken.

A route's sink may raise, sleep, exit or talk nonsense: the other routes do not notice.
Must not know: how events come in, HTTP, where routes are configured.
"""

from receiver.dispatch.binding import examine
from receiver.dispatch.calls import UnderWay
from receiver.dispatch.clock import Clock, SystemClock
from receiver.dispatch.culprit import culprit
from receiver.dispatch.dispatcher import GRACE, Dispatcher
from receiver.dispatch.route import Catalogue, Part, Route, RouteStatus, Transform

__all__ = [
    "GRACE",
    "Catalogue",
    "Clock",
    "Dispatcher",
    "Part",
    "Route",
    "RouteStatus",
    "SystemClock",
    "Transform",
    "UnderWay",
    "culprit",
    "examine",
]
