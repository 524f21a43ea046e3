"""The contract that the tests of settings and secrets work with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from receiver.catalogue import Catalogue, load
from receiver.settings import Configuration, combine

Read = Callable[..., Configuration]


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load()


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """The configuration of a text, its file standing in `tmp_path`."""

    def read(text: str = "", **environ: str) -> Configuration:
        return combine(text, label="receiver.toml", base=tmp_path, environ=environ)

    return read
