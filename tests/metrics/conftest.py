"""A folder for counts, the served contract, and how to read what is exposed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import values
from prometheus_client.parser import text_string_to_metric_families

from receiver import catalogue
from receiver.catalogue import Catalogue
from receiver.contract import Contract
from receiver.metrics import Exposition, Ingest

Read = Callable[[], "Exposed"]


class Exposed:
    """What an exposition said."""

    def __init__(self, text: bytes) -> None:
        self.families = {
            family.name: family for family in text_string_to_metric_families(text.decode())
        }
        self.samples = [sample for family in self.families.values() for sample in family.samples]

    def value(self, name: str, **labels: str) -> float | None:
        """The value of one sample; None where there is none."""
        found = [
            sample.value
            for sample in self.samples
            if sample.name == name and sample.labels == labels
        ]
        assert len(found) <= 1, found
        return found[0] if found else None

    def series(self) -> set[Any]:
        """Every combination of a name and labels."""
        return {(sample.name, *sorted(sample.labels.items())) for sample in self.samples}


@pytest.fixture(scope="session")
def served() -> Catalogue:
    return catalogue.load()


@pytest.fixture(scope="session")
def contract(served: Catalogue) -> Contract:
    return served.contract


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")  # so that it is put back
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR")
    yield tmp_path / "metrics"
    values.ValueClass = values.MutexValue  # as it is where nobody counts


@pytest.fixture
def ingest(contract: Contract, folder: Path) -> Ingest:
    return Ingest(contract, folder)


@pytest.fixture
def read(contract: Contract, folder: Path) -> Read:
    exposition = Exposition(contract, folder)
    return lambda: Exposed(exposition()[0])
