"""Pulls events in from where Receiver has to ask for them, and keeps each before it says so there.

A puller that fails, hangs or returns nonsense is contained: it is tried again later and its
standing says why; nothing else waits for it. Must not know: sinks, HTTP servers, any platform.
"""

from receiver.transports.discovery import GROUP, Brought, discover
from receiver.transports.puller import Puller
from receiver.transports.pullers import Pullers
from receiver.transports.pulls import FaultySetting, Pull, made, operation_for
from receiver.transports.reading import PROOF, Guess
from receiver.transports.standing import PullStanding, State

__all__ = [
    "GROUP",
    "PROOF",
    "Brought",
    "FaultySetting",
    "Guess",
    "Pull",
    "PullStanding",
    "Puller",
    "Pullers",
    "State",
    "discover",
    "made",
    "operation_for",
]
