"""Everything that all processes counted, in Prometheus' text format.

Must not know: who asks for it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from receiver.contract import Contract
from receiver.metrics import files
from receiver.metrics.ingest import Ingest

_log = logging.getLogger("receiver.metrics")


class Exposition:
    """What `/metrics` answers: the files in `folder`, and what `collectors` know.

    What was never counted is there from the start, as 0, so that a first time shows as a rise.
    """

    def __init__(
        self, contract: Contract, folder: Path, collectors: Iterable[Collector] = ()
    ) -> None:
        self._folder = folder
        self._collectors = tuple(collectors)
        self._zeros = Ingest(contract, folder)

    def __call__(self) -> tuple[bytes, str]:
        """The text and its media type; from any thread. Raises OSError where nothing is read."""
        self._zeros.flush()
        try:
            files.fold(self._folder)
        except OSError as error:
            _log.warning("files of processes that ended are kept for now: %s", error)
        registry = CollectorRegistry()
        for collector in self._collectors:
            registry.register(collector)
        with files.reading(self._folder):
            MultiProcessCollector(registry, path=str(self._folder))
            return generate_latest(registry), CONTENT_TYPE_LATEST
