"""The document that these tests are about, as data and as the contract that it is read as."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from receiver import openapi
from receiver.contract import Contract

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def text() -> str:
    return (ROOT / "webhooks.yaml").read_text()


@pytest.fixture(scope="session")
def document(text: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


@pytest.fixture(scope="session")
def contract(document: dict[str, Any]) -> Contract:
    return openapi.parse(document)
