"""A contract of two events, and plugins of every kind written to a folder."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from receiver.contract import Contract, EventType, Source
from receiver.hookspecs import hookspec
from receiver.plugins import Plugin


def event_type(name: str, hook: str) -> EventType:
    return EventType(
        source="acme",
        name=name,
        hook=hook,
        schema="Thing",
        summary=name,
        description="",
        filters=(),
        trigger="",
        topic=None,
        sample={},
    )


@pytest.fixture
def contract() -> Contract:
    return Contract(
        title="Acme",
        version="1",
        sources={"acme": Source("acme", "Acme", "", ())},
        schemes={},
        operations=(),
        events=(event_type("thing/on", "acme_thing_on"), event_type("thing[1]", "acme_thing_1")),
        document={},
    )


@pytest.fixture
def hooks(contract: Contract) -> ModuleType:
    module = ModuleType("acme_hookspecs")
    for event in contract.events:

        def hook(event: Any) -> None: ...

        hook.__name__ = event.hook
        setattr(module, event.hook, hookspec(hook))
    return module


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Write plugins, one file each, and forget what was imported of them."""

    def to(folder: str = "plugins", **files: str) -> Path:
        there = tmp_path / folder
        there.mkdir(exist_ok=True)
        for name, text in files.items():
            (there / f"{name}.py").write_text(textwrap.dedent(text))
        return there

    before = set(sys.modules)
    yield to
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def plugin() -> Callable[[Any], Plugin]:
    return lambda sink: Plugin("mine", "mine 1.0", lambda: sink)
