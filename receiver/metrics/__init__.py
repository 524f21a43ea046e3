"""What Receiver counts, and its exposition for Prometheus, over all of its processes.

A process that takes in requests has an `Ingest`; the one that delivers has a `Delivery` and the
`Exposition`. Labels are names of the contract and of the configuration and words of our own, never
what a sender sent. Must not know: how events are judged, kept or delivered; HTTP.
"""

from receiver.metrics.definition import ALL, Definition
from receiver.metrics.delivery import Delivery
from receiver.metrics.exposition import Exposition
from receiver.metrics.files import clear, fold, folder_of
from receiver.metrics.ingest import Ingest

__all__ = ["ALL", "Definition", "Delivery", "Exposition", "Ingest", "clear", "fold", "folder_of"]
